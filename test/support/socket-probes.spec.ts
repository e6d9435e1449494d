import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Server as IoServer } from 'socket.io';
import { type WebSocket, WebSocketServer } from 'ws';
import { SocketIoProbe } from './socket-io-client.js';
import { SocketRefused } from './socket-probe.js';
import { WebSocketProbe } from './web-socket-client.js';

const CURSOR = 'k3x9q0ab.4.mark04';
const STARTED = { type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1 }, id: 'none' };
const COLD = [STARTED, { type: 'SyncComplete', data: { flag_count: 0 }, id: CURSOR }];

let server: Server;

async function listen(): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('WebSocketProbe', () => {
  function serve(onOpen: (socket: WebSocket) => void): Promise<string> {
    server = createServer((_request, response) => response.writeHead(426).end('{}'));
    new WebSocketServer({ server }).on('connection', onOpen);
    return listen();
  }

  const say = (socket: WebSocket, messages: object[]): void => {
    for (const message of messages) socket.send(JSON.stringify(message));
  };

  it('keeps messages, state and cursor, and sends requests', async () => {
    const seen: unknown[] = [];
    const url = await serve((socket) => {
      say(socket, COLD);
      socket.on('message', (data: Buffer) => {
        const { type, request_id } = JSON.parse(data.toString()) as { type: string; request_id: string };
        seen.push(type);
        say(socket, [{ type: 'Pong', data: {}, id: CURSOR, request_id }]);
      });
    });
    const probe = await WebSocketProbe.connect({ url });
    await probe.waitForSync();
    expect(await probe.ask('Ping')).toMatchObject({ type: 'Pong', id: CURSOR });
    expect([probe.cursor, seen]).toEqual([CURSOR, ['Ping']]);
    probe.assertInOrder();
    await expect(probe.close()).resolves.toMatchObject({ by: 'client' });
  });

  it('tells the code with which the server closed', async () => {
    const url = await serve((socket) => socket.close(4401));
    const probe = await WebSocketProbe.connect({ url });
    await expect(probe.closed).resolves.toEqual({ by: 'server', code: 4401 });
  });

  it('tells a connection that broke from one that was closed', async () => {
    const url = await serve((socket) => socket.terminate());
    const probe = await WebSocketProbe.connect({ url });
    await expect(probe.closed).resolves.toMatchObject({ by: 'error', code: 1006 });
  });

  it('reports a binary message, and an answer in the middle of a sync', async () => {
    const url = await serve((socket) => {
      socket.send(Buffer.from(JSON.stringify(STARTED)), { binary: true });
      say(socket, [STARTED, { type: 'Pong', data: {}, id: 'none' }]);
      socket.close(1000);
    });
    const probe = await WebSocketProbe.connect({ url });
    await probe.closed;
    expect(() => probe.assertInOrder()).toThrow(/a binary message[^]*comes inside a sync/);
  });
});

describe('SocketIoProbe', () => {
  function serve(): { io: IoServer; url: Promise<string> } {
    server = createServer();
    return { io: new IoServer(server, { transports: ['websocket'] }), url: listen() };
  }

  it('keeps messages, and tells how the connection ended', async () => {
    const { io, url } = serve();
    io.of('/sdk').on('connection', (socket) => {
      for (const message of COLD) socket.emit('message', message);
      socket.on('Ping', () => socket.disconnect(true));
    });
    const probe = await SocketIoProbe.connect({ url: await url });
    await probe.waitForSync();
    expect(probe.cursor).toBe(CURSOR);
    probe.assertInOrder();
    probe.send('Ping');
    await expect(probe.closed).resolves.toEqual({ by: 'server' });
    expect(probe.reason).toBe('io server disconnect');
  });

  it('throws the code of a refusal', async () => {
    const { io, url } = serve();
    io.of('/sdk').use((_socket, next) => next(Object.assign(new Error('no'), { data: { code: 'key_unknown' } })));
    const refused = await SocketIoProbe.connect({ url: await url }).catch((error: unknown) => error);
    expect(refused).toEqual(new SocketRefused('key_unknown'));
  });
});
