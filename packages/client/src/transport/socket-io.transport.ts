import { isObject, NO_CURSOR } from '@flagwire/protocol/sync';
import { CLIENT } from '../client-name.js';
import { parseMessage } from '../sync/parse-message.js';
import { type Failure, failure } from './failure.js';
import { STREAM } from './traits.js';
import { MAX_MESSAGE, type Receipt, type Site, type Transport } from './transport.js';

export interface SocketIoLike {
  on(event: string, listener: (...args: never[]) => void): unknown;
  emit(event: string, request: object): unknown;
  off(): unknown;
  disconnect(): unknown;
}

/** `io` of `socket.io-client`. */
export type Io = (url: string, options: object) => SocketIoLike;

/** The codes of `connect_error` that are about the moment and not about the credential (docs/errors.md). */
const FOR_NOW = ['overload', 'key_not_checked', 'database_unavailable', 'rate_limited'];

/** The namespace `/sdk` of Socket.IO, for those who have it anyway. Its own way to come back is switched off: the policy has one. */
export function socketIo(site: Site, io: Io): Transport {
  return {
    name: 'socket.io',
    ...STREAM,
    open: ({ credential, cursor }, listener) => {
      const cursorPart = cursor === NO_CURSOR ? {} : { last_event_id: cursor };
      const flagsPart = site.flags === null ? {} : { flags: site.flags };
      const socket = io(`${site.url.replace(/\/+$/, '')}/sdk`, {
        auth: { ...credential, ...cursorPart, ...flagsPart, client: site.client ?? CLIENT },
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        // Its own timer would outlive nothing: the policy's is there.
        timeout: false,
      });
      let over = false;
      const close = (): void => {
        over = true;
        socket.off();
        socket.disconnect();
      };
      const end = (ended: Failure): void => {
        if (over) return;
        close();
        listener({ type: 'Ended', failure: ended });
      };
      socket.on('connect', () => listener({ type: 'Opened' }));
      socket.on('message', (message: unknown) => {
        const size = sizeOf(message);
        if (size > MAX_MESSAGE) return end(failure('message_too_large', 'a message is too large'));
        listener({ type: 'Heard' });
        if (!over) listener({ type: 'Received', message: parseMessage(message), size });
      });
      socket.on('connect_error', (error: Error & { data?: unknown }) => end(refusalOf(error)));
      socket.on('disconnect', (reason: string) => {
        const code = reason === 'transport error' || reason === 'ping timeout' ? 'connection_lost' : 'connection_ended';
        end(failure(code, `Socket.IO ended: ${reason}`));
      });
      const acknowledge = async ({ id, waited_ms }: Receipt) => void socket.emit('Ack', { id, waited_ms });
      return { close, acknowledge };
    },
  };
}

/** Socket.IO has parsed it already. */
function sizeOf(message: unknown): number {
  return JSON.stringify(message)?.length ?? 0;
}

function refusalOf({ message, data }: Error & { data?: unknown }): Failure {
  if (!isObject(data) || typeof data['code'] !== 'string') return failure('connection_failed', `no connection: ${message}`);
  const code = FOR_NOW.includes(data['code']) ? 'http_status' : 'unauthorized';
  return failure(code, `the server refuses the socket: ${data['code']}`);
}
