import { type IncomingMessage, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { type Socket } from 'node:net';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { NO_CURSOR } from '@flagwire/protocol/sync';
import { type RawData, type WebSocket } from 'ws';
import { credentialsOf, queryOf, single } from '../auth/credentials.js';
import { assertNever } from '../common/assert.js';
import { addressOf } from '../common/client-address.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/errors.js';
import { withoutSecrets } from '../common/redact.js';
import { Refusals } from '../common/refusals.js';
import { Config } from '../config/config.js';
import { clientName } from '../receipts/client-name.js';
import { CLOSE_CODES } from './close-codes.js';
import { frameOf, openText } from './form.js';
import { type BareRefusal, FULL, giveBack, refuseBare } from './http-upgrade.js';
import { type EndReason } from './outlet.js';
import { PoliteServer } from './polite-server.js';
import { type Entrance, type Knock, SocketDoor, type Visit } from './socket-door.js';
import { WEB_SOCKET } from './socket-forms.js';
import { FRAME_BYTES, SPARE_SOCKETS } from './socket-limits.js';
import { type SocketOutlet } from './socket-outlet.js';

const NO_SUCH_DOOR: BareRefusal = {
  status: 404,
  code: 'route_not_found',
  detail: 'WebSockets are at /sdk/ws and /socket.io/.',
};

const PATH = /^\/sdk\/ws\/?$/i;
const SOCKET_IO_PATH = '/socket.io/';

/** `GET /sdk/ws`: WebSocket without a library on the other side (protocol section 5, RFC 6455). */
@Injectable()
export class WebSocketDoor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sockets: PoliteServer;

  constructor(
    private readonly door: SocketDoor,
    private readonly host: HttpAdapterHost,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly refusals: Refusals,
  ) {
    this.sockets = new PoliteServer({ noServer: true, maxPayload: FRAME_BYTES, perMessageDeflate: false }, refusals);
  }

  onApplicationBootstrap(): void {
    this.httpServer.on('upgrade', this.onUpgrade);
  }

  onApplicationShutdown(): void {
    this.httpServer.off('upgrade', this.onUpgrade);
    for (const socket of this.sockets.clients) socket.terminate();
  }

  private get httpServer(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }

  private readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = request.url?.split('?', 1)[0] ?? '';
    // Socket.IO listens on the same server.
    if (path.startsWith(SOCKET_IO_PATH)) return;
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return giveBack(this.httpServer, request, socket, head);
    if (!PATH.test(path)) return refuseBare(socket, NO_SUCH_DOOR, this.refusals);
    if (this.sockets.clients.size >= this.config.maxConnections + SPARE_SOCKETS) {
      return refuseBare(socket, FULL, this.refusals);
    }
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // A browser cannot read the status of an upgrade: whoever is refused is told so on the open socket.
      void this.receive(webSocket, request, socket as Socket);
    });
  };

  private async receive(webSocket: WebSocket, request: IncomingMessage, socket: Socket): Promise<void> {
    // The library closes with the code that fits: 1009 for a frame that is too large, 1007 for text that is no UTF-8.
    webSocket.on('error', () => this.refusals.note({ code: 'malformed_frame' }));
    const outlet = this.door.outlet(WEB_SOCKET, socket, (reason) => webSocket.close(CLOSE_CODES[reason], reason));
    // Requests wait until it is known whose they are.
    webSocket.pause();
    const entrance = await this.door.admit(addressOf(request), () => knockOf(request));
    if (webSocket.readyState === webSocket.OPEN) this.welcome(entrance, webSocket, outlet);
    webSocket.resume();
  }

  private welcome(entrance: Entrance, webSocket: WebSocket, outlet: SocketOutlet): void {
    switch (entrance.kind) {
      case 'admitted': {
        outlet.heardAt = this.clock.monotonic();
        const visit = this.door.open(entrance, outlet);
        if (visit !== null) this.serve(webSocket, outlet, visit);
        return;
      }
      case 'later':
        return this.door.sendAway(outlet, entrance);
      case 'refused':
        return refuse(outlet, entrance.error);
      default:
        assertNever(entrance);
    }
  }

  private serve(webSocket: WebSocket, outlet: SocketOutlet, { desk, end, close }: Visit): void {
    const heard = () => (outlet.heardAt = this.clock.monotonic());
    webSocket.on('close', close);
    webSocket.on('pong', heard);
    webSocket.on('message', (data, isBinary) => {
      heard();
      if (isBinary) end('binary');
      else desk.take(parsed(data));
    });
  }
}

function refuse(outlet: SocketOutlet, { code, message, kind }: DomainError): void {
  const data = { code, message: withoutSecrets(message) };
  outlet.send(frameOf(WEB_SOCKET, { openText: openText({ type: 'Error', data }), id: NO_CURSOR }));
  const reasons: Partial<Record<DomainError['kind'], EndReason>> = { unauthenticated: 'unauthenticated', forbidden: 'forbidden' };
  outlet.end(reasons[kind] ?? 'invalid');
}

/** Undefined, which is no request, for what is not JSON. */
function parsed(data: RawData): unknown {
  try {
    return JSON.parse((data as Buffer).toString('utf8'));
  } catch {
    return undefined;
  }
}

function knockOf({ url = '', headers }: IncomingMessage): Knock {
  const query = queryOf(url);
  const flags = query.getAll('flags');
  return {
    credentials: credentialsOf(headers, query),
    origin: headers.origin,
    env: single(query, 'env'),
    flags: flags.length === 0 ? undefined : flags,
    cursor: cursorOf(headers['last-event-id'], query.getAll('last_event_id')),
    client: clientName(headers['flagwire-client'] ?? query.get('client')),
  };
}

/** As for the stream: a header that is not empty wins, and what is not one text is no cursor. */
function cursorOf(header: string | string[] | undefined, parameters: readonly string[]): string | null {
  if (typeof header === 'string' && header !== '') return header;
  const [parameter = null, ...more] = parameters;
  return more.length === 0 ? parameter : null;
}
