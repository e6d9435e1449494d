import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { type Form } from './form.js';
import { type Frame } from './frame.js';

/**
 * Why a connection is ended in order: after a Goodbye with this reason (`too_many_connections` is said as `overload`), after an Error
 * that refuses whoever came, or because of what the peer sent.
 */
export type EndReason =
  GoodbyeReason | 'too_many_connections' | 'unauthenticated' | 'forbidden' | 'invalid' | 'bad_requests' | 'binary';

/** The outside of a session: one connection that takes frames of its form. */
export interface Outlet {
  readonly form: Form;
  /** Bytes that were sent but have not left the process. */
  readonly unsent: number;
  /** A number that grows whenever the socket takes bytes; null while the connection waits for its turn on a shared socket. */
  readonly progress: number | null;
  /** Monotonic milliseconds of the peer's last sign of life; null where the transport's library looks after that, or nothing does. */
  readonly heardAt: number | null;
  /** The connection wants nothing more until it has drained. */
  readonly needsDrain: boolean;
  /** Bytes of frames that it was sent, whether or not they have left. */
  readonly sent: number;
  send(frame: Frame): void;
  /** What is sent meanwhile leaves together: one write to the kernel instead of many. */
  gather(send: () => void): void;
  /** Calls back once, when everything sent has left the process; never after the end. Only while `needsDrain`. */
  onceDrained(callback: () => void): void;
  /** Ends in order, after what was sent. */
  end(reason: EndReason): void;
  /** Ends at once; what was not sent is lost. */
  destroy(): void;
}
