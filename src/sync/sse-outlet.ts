import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type EndReason, type Outlet } from './outlet.js';
import { type ChunkFrame, SSE } from './sse-form.js';

/** What was sent has this long to leave after the end: a revoked key's connections are to be gone within a second. */
const END_MS = 500;

/** Writes shared frames to the response of an event stream whose headers are out. */
export class SseOutlet implements Outlet {
  readonly form = SSE;
  readonly heardAt = null;
  sent = 0;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    /** Completes the handshake's Observable, which ends the response. */
    private readonly complete: (reason: EndReason) => void,
  ) {}

  get unsent(): number {
    return this.response.writableLength;
  }

  get progress(): number | null {
    const { socket } = this.response;
    return socket === null ? null : socket.bytesWritten - socket.writableLength;
  }

  get needsDrain(): boolean {
    return this.response.writableNeedDrain || this.response.socket?.writableNeedDrain === true;
  }

  /**
   * The frame's own chunk goes straight to the socket where the response would have written the same bytes: it saves two
   * fifths of the time. Not for HTTP/1.0, which knows no chunks, nor for a response that waits behind another one on the
   * same connection, nor while the response itself holds something back.
   */
  send(frame: ChunkFrame): void {
    const { response, request } = this;
    if (response.destroyed || response.writableEnded) return;
    const { socket } = response;
    this.sent += frame.payload.length;
    const chunked = response.chunkedEncoding && request.httpVersion === '1.1';
    const holdsBack = socket === null || socket !== request.socket || response.writableLength > socket.writableLength;
    if (chunked && !holdsBack) socket.write(frame.bytes);
    else response.write(frame.payload);
  }

  gather(send: () => void): void {
    const { socket } = this.response;
    socket?.cork();
    try {
      send();
    } finally {
      socket?.uncork();
    }
  }

  onceDrained(callback: () => void): void {
    const { response } = this;
    if (response.writableNeedDrain) response.once('drain', callback);
    else response.socket?.once('drain', callback);
  }

  end(reason: EndReason): void {
    this.complete(reason);
    // A peer that does not read would keep the connection of a dead key open for as long as it likes.
    const timer = setTimeout(() => this.response.destroy(), END_MS);
    const { socket } = this.response;
    this.response.once('close', () => {
      clearTimeout(timer);
      // The framework's head says keep-alive, whatever the client asked for (RFC 9112 section 9.6).
      if (/\bclose\b/i.test(this.request.headers.connection ?? '')) socket?.end();
    });
  }

  destroy(): void {
    this.response.destroy();
  }
}
