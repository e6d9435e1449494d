import { Injectable } from '@nestjs/common';
import { type Cursor, parseCursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { ChangeFeed } from '../changes/change-feed.js';
import { Clock } from '../common/clock.js';
import { Ledger } from '../receipts/ledger.js';
import { type PollRequest } from './poll-request.js';

/** The tag, or the cursor, that a poll comes with is what its client has: a receipt. Only of those who name themselves. */
@Injectable()
export class PollReceipts {
  constructor(
    private readonly ledger: Ledger,
    private readonly feed: ChangeFeed,
    private readonly clock: Clock,
  ) {}

  /** Takes what the poll says. */
  asked(poll: PollRequest): void {
    if (poll.instance === null) return;
    const tally = this.ledger.tally(poll.environmentId);
    const held = this.held(poll);
    const at = { revision: held?.revision ?? -1, cursor: held?.text ?? 'none', head: tally.head, now: this.clock.monotonic() };
    tally.pollers.asked(nameOf(poll), poll.client, at);
  }

  /** It was answered with what leads to this cursor. */
  answered(poll: PollRequest, { revision }: Cursor): void {
    if (poll.instance === null) return;
    this.ledger.tally(poll.environmentId).pollers.answered(nameOf(poll), revision, this.clock.monotonic());
  }

  /** The newest cursor of the present history that it presents. */
  private held({ environmentId, since, conditions: { tags } }: PollRequest): { revision: number; text: string } | null {
    const replica = this.feed.replica(environmentId);
    const texts = since === null ? (Array.isArray(tags) ? (tags as string[]) : []) : [since];
    const isKnown = (cursor: PresentedCursor) => ['sets', 'unknown'].includes(replica?.standing(cursor).kind ?? 'foreign');
    const held = texts.flatMap((text) => {
      const cursor = parseCursor(text);
      return cursor !== null && isKnown(cursor) ? [{ revision: cursor.revision, text }] : [];
    });
    return held.sort((a, b) => b.revision - a.revision)[0] ?? null;
  }
}

function nameOf({ keyId, instance }: PollRequest): string {
  return `${keyId} ${instance}`;
}
