import { parseMessage } from '../sync/parse-message.js';
import { type Failure, failure } from './failure.js';
import { WEB_SOCKET } from './traits.js';
import { addressOf, headersOf, MAX_MESSAGE, type Receipt, type Site, streamQuery, type Transport } from './transport.js';

export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
  /** Of `ws`: an end that waits for nobody. */
  terminate?(): void;
}

/** That of the runtime, or of `ws`: both take options in the second place, a browser's does not. */
export type WebSocketConstructor = new (url: string, options?: never) => WebSocketLike;

const NOT_FOR_THIS_CREDENTIAL = [4401, 4403];

/** `GET /sdk/ws`. A key goes in a header, which Node.js, Bun, Deno and `ws` can send; a browser, which cannot, has a ticket. */
export function webSocket(site: Site, WebSocket: WebSocketConstructor): Transport {
  return {
    ...WEB_SOCKET,
    open: (request, listener) => {
      const query = streamQuery(request);
      const url = addressOf(site, 'ws', query).replace(/^http/, 'ws');
      const options = { headers: headersOf(request.credential), maxPayload: MAX_MESSAGE, perMessageDeflate: false };
      const socket = query.ticket === null ? new WebSocket(url, options as never) : new WebSocket(url);
      let opened = false;
      let over = false;
      const close = (): void => {
        over = true;
        socket.close();
        socket.terminate?.();
      };
      const end = (ended: Failure): void => {
        if (over) return;
        close();
        listener({ type: 'Ended', failure: ended });
      };
      socket.onopen = () => {
        opened = true;
        if (!over) listener({ type: 'Opened' });
      };
      socket.onmessage = ({ data }: { data: unknown }) => {
        if (over) return;
        const size = typeof data === 'string' ? data.length : 0;
        if (size > MAX_MESSAGE) return end(tooLarge());
        listener({ type: 'Heard' });
        // A binary frame is no message: the parser says so.
        if (!over) listener({ type: 'Received', message: parseMessage(data), size });
      };
      // It stays to the end: without it `ws` throws where it is closed while it opens. What is wrong is said by the close that follows,
      // but for a frame over `maxPayload`.
      socket.onerror = ({ error }: { error?: { code?: unknown } }) => {
        if (error?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') end(tooLarge());
      };
      socket.onclose = ({ code, wasClean }: { code: number; wasClean: boolean }) => end(failureOfClose(code, wasClean, opened));
      const acknowledge = async ({ id, waited_ms }: Receipt) => socket.send(JSON.stringify({ type: 'Ack', id, waited_ms }));
      return { close, acknowledge };
    },
  };
}

function tooLarge(): Failure {
  return failure('message_too_large', 'a message is too large');
}

function failureOfClose(status: number, wasClean: boolean, opened: boolean): Failure {
  if (NOT_FOR_THIS_CREDENTIAL.includes(status))
    return failure('unauthorized', `the server closed the socket with ${status}`, { status });
  if (status === 1009) return tooLarge();
  if (!opened) return failure('connection_failed', 'the socket did not open', { status });
  if (wasClean) return failure('connection_ended', `the server closed the socket with ${status}`, { status });
  return failure('connection_lost', `the socket broke (${status})`, { status });
}
