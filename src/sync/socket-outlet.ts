import { type Socket } from 'node:net';
import { type Form } from './form.js';
import { type Frame } from './frame.js';
import { type EndReason, type Outlet } from './outlet.js';

/** What was sent has this long to leave after the end: a revoked key's connections are to be gone within a second. */
const END_MS = 500;

/**
 * Writes shared frames to the network socket under a WebSocket: the library that reads the socket is not asked to write, since it
 * would frame each message for each client. Frames are whole WebSocket frames, so that what the library writes (pongs, closes,
 * Socket.IO's acknowledgements) stands between them and never inside.
 */
export class SocketOutlet implements Outlet {
  heardAt: number | null = null;
  sent = 0;
  private isOver = false;

  /** @param close ends the WebSocket in order. */
  constructor(
    readonly form: Form,
    private readonly socket: Socket,
    private readonly close: (reason: EndReason) => void,
  ) {}

  get unsent(): number {
    return this.socket.writableLength;
  }

  get progress(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  get needsDrain(): boolean {
    return this.socket.writableNeedDrain;
  }

  send({ bytes }: Frame): void {
    if (this.isOver || !this.socket.writable) return;
    this.sent += bytes.length;
    this.socket.write(bytes);
  }

  gather(send: () => void): void {
    this.socket.cork();
    try {
      send();
    } finally {
      this.socket.uncork();
    }
  }

  onceDrained(callback: () => void): void {
    this.socket.once('drain', callback);
  }

  end(reason: EndReason): void {
    if (this.isOver) return;
    this.isOver = true;
    this.close(reason);
    // A peer that does not read, or does not answer a close, would keep the connection for as long as it likes.
    const timer = setTimeout(() => this.socket.destroy(), END_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.isOver = true;
    this.socket.destroy();
  }
}
