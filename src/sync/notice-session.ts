import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { type Holder } from './connection-quota.js';
import { sayGoodbye } from './farewell.js';
import { type Form, frameOf, openText } from './form.js';
import { type Frame } from './frame.js';
import { type HubSession } from './hub-session.js';
import { type Outlet } from './outlet.js';
import { SSE } from './sse-form.js';
import { type CutReason, type SyncFigures } from './sync-figures.js';
import { Vitals } from './vitals.js';

/** A notice: made once for all who get it. */
export function noticeFrame(id: string, data: object): Frame {
  return frameOf(SSE, { openText: openText(data), id });
}

/**
 * A stream that says only that something has changed, never what. It gets no heartbeats, and its reader is never behind: whatever was
 * missed is one notice.
 */
export class NoticeSession implements HubSession {
  readonly isLagging = false;
  readonly isLive = false;
  readonly vitals: Vitals;
  private isEnded = false;

  /** @param cursor what the client has, or "none". */
  constructor(
    readonly subscriber: { readonly holder: Holder },
    readonly outlet: Outlet,
    public cursor: string,
    private readonly figures: SyncFigures,
    private readonly retryMs: number,
  ) {
    this.vitals = new Vitals(outlet);
  }

  get form(): Form {
    return this.outlet.form;
  }

  /**
   * The first words. A client remembers the id of a block only where it has data: so there is a message, of a type that clients of
   * OFREP have to ignore.
   */
  begin(): void {
    const opening = this.form.opening(this.cursor, this.retryMs);
    this.outlet.gather(() => {
      if (opening !== null) this.outlet.send(opening);
      this.outlet.send(noticeFrame(this.cursor, { type: 'connected' }));
    });
  }

  /** @param cursor the id of the frame. */
  notify(frame: Frame, cursor: string): void {
    if (this.isEnded) return;
    this.cursor = cursor;
    this.outlet.send(frame);
  }

  pulse(frame: Frame): void {
    if (!this.isEnded) this.outlet.send(frame);
  }

  goodbye(reason: GoodbyeReason, retryAfterMs: number | null): void {
    if (this.isEnded) return;
    sayGoodbye(this.outlet, this.cursor, reason, retryAfterMs);
    this.close();
    this.outlet.end(reason);
  }

  cut(reason: CutReason): void {
    if (!this.isEnded) this.figures.cuts[reason] += 1;
    this.close();
    this.outlet.destroy();
  }

  close(): void {
    this.isEnded = true;
  }
}
