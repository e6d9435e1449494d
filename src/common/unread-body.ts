import type { Request, Response } from 'express';

/** Of a body that nobody wants, so much is read off to keep the connection. */
const WORTH_READING = 64 * 1024;
/** Time for the client to read the answer. */
const LINGER_MS = 1000;

/**
 * Called before the head of a refusal: where more of the request is to come than is worth reading, the connection ends with the
 * answer, and nothing more of it is read.
 */
export function leaveUnread(request: Request, response: Response): void {
  const { complete, headers, socket } = request;
  const isChunked = headers['transfer-encoding'] !== undefined;
  if (complete || (!isChunked && Number(headers['content-length'] ?? 0) <= WORTH_READING)) return;
  response.setHeader('Connection', 'close');
  // Node calls this once the answer is out. Its own closes at once, and bytes that are unread then make TCP send a reset, which can
  // take the answer away from the client (RFC 9112 section 9.6).
  socket.destroySoon = () => {
    socket.end();
    // From here on nothing is a request: the first listener of its own makes Node hand bytes to the socket, not to its parser. And
    // nothing is read: with this one, `resume`, which the request calls, does not make the socket flow.
    socket.on('readable', () => undefined);
    socket.removeAllListeners('data');
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => {
      clearTimeout(timer);
    });
  };
}
