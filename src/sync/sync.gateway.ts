import { type OnGatewayConnection, type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import { isObject } from '@flagwire/protocol/sync';
import type { Namespace, Socket } from 'socket.io';
import { Open } from '../common/access.js';
import { assertNever } from '../common/assert.js';
import { addressOf } from '../common/client-address.js';
import { withoutSecrets } from '../common/redact.js';
import { Refusals } from '../common/refusals.js';
import { InvalidInput } from '../common/errors.js';
import { clientName } from '../receipts/client-name.js';
import { type Acknowledge, type RequestError } from './request-desk.js';
import { type EndReason } from './outlet.js';
import { type Entrance, type Knock, SocketDoor, type Visit } from './socket-door.js';
import { SOCKET_IO } from './socket-forms.js';

/** After these a client is not to come back by itself. */
const FOR_GOOD: readonly EndReason[] = ['key_revoked', 'key_expired', 'environment_deleted'];

/** What a client's `connect_error` carries as `data`: it was refused for good. */
class Refused extends Error {
  constructor(readonly data: { code: string; message: string }) {
    super(withoutSecrets(data.message));
    this.data.message = this.message;
  }
}

const ELSEWHERE = 'There is nothing here: connect to the namespace /sdk.';

type Next = (error?: Error) => void;

/**
 * Socket.IO, namespace `/sdk` (protocol section 5). Guards do not see connections: the handshake asks who it is, and lets nobody in
 * whom it does not know. `Open` is for guards of single messages, which this gateway does not declare.
 */
@Open()
@WebSocketGateway({ namespace: 'sdk' })
export class SyncGateway implements OnGatewayInit<Namespace>, OnGatewayConnection<Socket> {
  private readonly entrances = new WeakMap<Socket, Entrance>();
  /** Connections that have knocked: one connection is one client. */
  private readonly knocked = new WeakSet<Socket['client']>();

  constructor(
    private readonly door: SocketDoor,
    private readonly refusals: Refusals,
  ) {}

  afterInit(namespace: Namespace): void {
    for (const elsewhere of ['/', /./]) {
      namespace.server.of(elsewhere).use((_socket, next) => this.refuse(next, 'route_not_found', ELSEWHERE));
    }
    namespace.use((socket, next) => void this.admit(socket, next));
  }

  handleConnection(socket: Socket): void {
    const { transport } = socket.conn;
    const begin = () => this.welcome(socket);
    // The session writes past the library: what this still holds back, the answer to the handshake for one, goes first.
    if (transport.writable) begin();
    else transport.once('ready', begin);
  }

  private async admit(socket: Socket, next: Next): Promise<void> {
    if (this.knocked.has(socket.client)) {
      return this.refuse(next, 'invalid_input', 'This connection is in /sdk already.');
    }
    this.knocked.add(socket.client);
    const entrance = await this.door.admit(addressOf(socket.request), () => knockOf(socket));
    if (entrance.kind === 'refused') {
      const { code, message } = entrance.error;
      return next(new Refused({ code, message }));
    }
    this.entrances.set(socket, entrance);
    next();
  }

  private refuse(next: Next, code: string, message: string): void {
    this.refusals.note({ code });
    next(new Refused({ code, message }));
  }

  private welcome(socket: Socket): void {
    const entrance = this.entrances.get(socket);
    if (!socket.connected || entrance === undefined) return;
    const outlet = this.door.outlet(SOCKET_IO, socket.request.socket, (reason) => end(socket, reason));
    switch (entrance.kind) {
      case 'admitted': {
        const visit = this.door.open(entrance, outlet);
        if (visit !== null) serve(socket, visit);
        return;
      }
      case 'later':
        return this.door.sendAway(outlet, entrance);
      case 'refused':
        return;
      default:
        assertNever(entrance);
    }
  }
}

/** Only a closed transport brings stock clients back: after `disconnect` they stay away. */
function end(socket: Socket, reason: EndReason): void {
  if (FOR_GOOD.includes(reason)) socket.disconnect(true);
  else socket.conn.close();
}

function serve(socket: Socket, { desk, close }: Visit): void {
  socket.on('disconnect', close);
  socket.onAny((event: string, ...args: unknown[]) => {
    const last = args.at(-1);
    const acknowledge = typeof last === 'function' ? acknowledgement(last as (answer: object) => void) : undefined;
    const [body = {}] = acknowledge === undefined ? args : args.slice(0, -1);
    // Bytes are objects with a field for each.
    desk.take(isObject(body) && !ArrayBuffer.isView(body) ? { ...body, type: event } : undefined, acknowledge);
  });
}

function acknowledgement(respond: (answer: object) => void): Acknowledge {
  return (error: RequestError | null) => respond(error === null ? { ok: true } : { error });
}

/** A field of `auth`: null and empty are absent. */
function text(path: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new InvalidInput([{ path, message: 'must be a text' }]);
  return value;
}

function knockOf({ handshake }: Socket): Knock {
  const { key, ticket, env, last_event_id, flags, client } = handshake.auth;
  return {
    credentials: { queryKey: text('key', key), ticket: text('ticket', ticket) },
    origin: handshake.headers.origin,
    env: text('env', env),
    flags: flags ?? undefined,
    cursor: typeof last_event_id === 'string' && last_event_id !== '' ? last_event_id : null,
    client: clientName(client ?? handshake.headers['flagwire-client']),
  };
}
