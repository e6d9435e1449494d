import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { type Holder } from './connection-quota.js';
import { type Wire } from './form.js';
import { type Frame } from './frame.js';
import { type CutReason } from './sync-figures.js';
import { type Vitals } from './vitals.js';

/** A connection as the hub counts it, keeps it alive and ends it, whatever is sent on it. */
export interface HubSession {
  readonly subscriber: { readonly holder: Holder };
  /** Bytes that it was sent, whether or not they have left. */
  readonly outlet: { readonly sent: number };
  readonly form: Wire;
  readonly vitals: Vitals;
  /** It is being fed from the log. */
  readonly isLagging: boolean;
  /** It is a `SyncSession` that has everything, and gets heartbeats. */
  readonly isLive: boolean;
  /** Sends a frame that may be left out, such as a ping. */
  pulse(frame: Frame): void;
  /** Says goodbye and ends. @param retryAfterMs null: not to come back by itself. */
  goodbye(reason: GoodbyeReason, retryAfterMs: number | null): void;
  /** Ends at once, without a word. */
  cut(reason: CutReason, error?: unknown): void;
  /** It is gone. */
  close(): void;
}
