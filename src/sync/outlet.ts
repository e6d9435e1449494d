import { type Frame } from './frame.js';

/** The outside of a session: one connection that takes frames. */
export interface Outlet {
  /** Bytes that were sent but have not left the process. */
  readonly unsent: number;
  /** A number that grows whenever the socket takes bytes; null while the connection waits for its turn on a shared socket. */
  readonly progress: number | null;
  /** The connection wants nothing more until it has drained. */
  readonly needsDrain: boolean;
  send(frame: Frame): void;
  /** What is sent meanwhile leaves together: one write to the kernel instead of many. */
  gather(send: () => void): void;
  /** Calls back once, when everything sent has left the process; never after the end. Only while `needsDrain`. */
  onceDrained(callback: () => void): void;
  /** Ends in order, after what was sent. */
  end(): void;
  /** Ends at once; what was not sent is lost. */
  destroy(): void;
}
