import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { eventSource } from '../../packages/client/src/transport/event-source.transport.js';
import { type Failure } from '../../packages/client/src/transport/failure.js';
import { longPoll, poll } from '../../packages/client/src/transport/poll.transport.js';
import { socketIo } from '../../packages/client/src/transport/socket-io.transport.js';
import { sse } from '../../packages/client/src/transport/sse.transport.js';
import { MAX_MESSAGE, type Site, type Transport } from '../../packages/client/src/transport/transport.js';
import { webSocket, type WebSocketConstructor } from '../../packages/client/src/transport/web-socket.transport.js';
import { hasOpenssl, makeCertificates } from '../support/certs.js';
import { skipIf } from '../support/skip-if.js';
import { eventually } from '../support/wait.js';
import { Listener } from './support/listener.js';

const KEY = 'fw_srv_a-key-that-nobody-checks';
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

async function serve(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureOf(make: (site: Site) => Transport, answer: RequestListener): Promise<Failure | null | undefined> {
  const listener = new Listener(make({ url: await serve(createServer(answer)), flags: null }), { key: KEY });
  listener.open();
  try {
    return await listener.ended();
  } finally {
    listener.close();
  }
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);
const STREAM = { 'Content-Type': 'text/event-stream' };
const PROBLEM = { 'Content-Type': 'application/problem+json' };

const overHttp: [string, (site: Site) => Transport][] = [
  ['sse', sse],
  ['long-poll', longPoll],
  ['poll', poll],
];

describe.each(overHttp)('%s', (_name, make) => {
  it('goes nowhere with a redirect, and says so', async () => {
    let asked = 0;
    const elsewhere = await serve(createServer((_request, response) => void response.end(String((asked += 1)))));
    expect(await failureOf(make, answering(302, { Location: elsewhere }))).toMatchObject({ code: 'redirected', status: 302 });
    expect(asked).toBe(0);
  });

  it('says why a credential is refused, in the words of the server', async () => {
    const failure = await failureOf(make, answering(401, PROBLEM, '{"code": "revoked_key"}'));
    expect(failure).toMatchObject({ code: 'unauthorized', status: 401, message: expect.stringContaining('revoked_key') });
    expect(await failureOf(make, answering(403))).toMatchObject({ code: 'unauthorized', status: 403 });
  });

  it.each([404, 501])('takes %i as a door that is not there', async (status) => {
    expect(await failureOf(make, answering(status))).toMatchObject({ code: 'not_found', status });
  });

  it('hears how long it is to wait, in seconds or as a date by the clock of the server', async () => {
    const date = 'Tue, 01 Jan 2030 00:00:00 GMT';
    const later = 'Tue, 01 Jan 2030 00:01:30 GMT';
    expect(await failureOf(make, answering(503, { 'Retry-After': '7' }))).toMatchObject({
      code: 'http_status',
      retry_after_ms: 7000,
    });
    expect(await failureOf(make, answering(429, { 'Retry-After': later, Date: date }))).toMatchObject({ retry_after_ms: 90_000 });
    expect(await failureOf(make, answering(500, { 'Retry-After': 'soon' }))).not.toHaveProperty('retry_after_ms');
  });

  it('reads no refusal to its end that has none', async () => {
    const endless: RequestListener = (_request, response) => {
      response.writeHead(400, PROBLEM);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(60_000), () => setImmediate(more)));
      more();
    };
    expect(await failureOf(make, endless)).toMatchObject({ code: 'http_status', status: 400 });
  });

  it('says that a body was cut off', async () => {
    const cut: RequestListener = (_request, response) => {
      response.writeHead(200, { ...STREAM, 'Content-Length': '1000' });
      response.write('{"flags": [', () => response.destroy());
    };
    expect(await failureOf(make, cut)).toMatchObject({ code: 'connection_lost' });
  });
});

skipIf(!hasOpenssl(), 'openssl is not installed').describe('a server whose certificate nobody signed', () => {
  it.each(overHttp)('is told apart from one that is not there: %s', async (_name, make) => {
    const { key, cert } = await makeCertificates();
    const url = await serve(createTlsServer({ key, cert }, answering(200)), 'https');
    const listener = new Listener(make({ url, flags: null }), { key: KEY });
    listener.open();
    expect(await listener.ended()).toMatchObject({ code: 'tls_failed' });
  });
});

describe('sse', () => {
  it.each([
    ['a page', answering(200, { 'Content-Type': 'text/html' }, '<p>Sign in</p>')],
    ['nothing', answering(204)],
    ['an answer of no type', answering(200)],
  ])('takes %s for no stream', async (_what, answer) => {
    expect(await failureOf(sse, answer)).toMatchObject({ code: 'not_a_stream' });
  });

  it('holds no frame of 10 MiB, and ends the connection', async () => {
    let sent = 0;
    let cut = false;
    const huge: RequestListener = (_request, response) => {
      response.writeHead(200, STREAM).write('data: ');
      response.on('close', () => (cut = true));
      const more = (): void => {
        if (sent >= 10 * 1024 * 1024) response.end('\n\n');
        else if (!response.destroyed) response.write('x'.repeat(65_536), () => ((sent += 65_536), more()));
      };
      more();
    };
    expect(await failureOf(sse, huge)).toMatchObject({ code: 'message_too_large' });
    await eventually(() => cut, { what: 'the end of the connection' });
  });

  it('says that the server ended the stream', async () => {
    expect(await failureOf(sse, answering(200, STREAM, ': ping\n\n'))).toMatchObject({ code: 'connection_ended' });
  });
});

describe.each(overHttp.slice(1))('%s', (_name, make) => {
  it.each(['<p>Sign in</p>', '{"flags": 1}', '[]', 'null', '{"events": [], "mode": "half", "cursor": "c"}', ''])(
    'takes %j for no answer',
    async (body) => {
      expect(await failureOf(make, answering(200, {}, body))).toMatchObject({ code: 'malformed_answer' });
    },
  );
});

describe('socket.io and event-source', () => {
  const HUGE = 'x'.repeat(10 * 1024 * 1024);

  it('take no message of 10 MiB, and end the connection', async () => {
    const server = createServer();
    const sockets = new SocketServer(server);
    sockets.of('/sdk').on('connection', (socket) => socket.emit('message', { type: 'FlagUpdated', data: HUGE }));
    const listener = new Listener(socketIo({ url: await serve(server), flags: null }, io), { key: KEY });
    listener.open();
    expect(await listener.ended()).toMatchObject({ code: 'message_too_large' });
    expect(listener.events.filter(({ type }) => type === 'Received')).toEqual([]);
    await sockets.close();
  });

  it('take no event of 10 MiB, and end the connection', async () => {
    const url = await serve(createServer(answering(200, STREAM, `data: ${HUGE}\n\n`)));
    const listener = new Listener(eventSource({ url, flags: null }, EventSource), { ticket: 't' });
    listener.open();
    expect(await listener.ended()).toMatchObject({ code: 'message_too_large' });
    expect(listener.events.filter(({ type }) => type === 'Received')).toEqual([]);
  });
});

describe('websocket', () => {
  it('holds no frame of 10 MiB, and ends the connection', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('error', () => undefined).send('x'.repeat(10 * 1024 * 1024)));
    const site = { url: await serve(server), flags: null };
    const listener = new Listener(webSocket(site, WebSocket), { key: KEY });
    listener.open();
    expect(await listener.ended()).toMatchObject({ code: 'message_too_large' });
    expect(listener.events.filter(({ type }) => type === 'Received')).toEqual([]);
  });

  it('takes a text of more than the limit for too large where its library does not', async () => {
    const made: { onmessage: ((event: { data: string }) => void) | null; closed: boolean }[] = [];
    const Unbounded = function (this: unknown) {
      const socket = {
        onopen: null,
        onmessage: null,
        onerror: null,
        onclose: null,
        closed: false,
        close: () => (socket.closed = true),
      };
      made.push(socket);
      return socket;
    } as unknown as WebSocketConstructor;
    const listener = new Listener(webSocket({ url: 'http://127.0.0.1', flags: null }, Unbounded), { ticket: 't' });
    listener.open();
    made[0]?.onmessage?.({ data: 'x'.repeat(MAX_MESSAGE + 1) });
    expect([listener.failure?.code, made[0]?.closed]).toEqual(['message_too_large', true]);
  });
});
