import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { Stage } from '../contract/support/stage.js';
import { httpRequest } from '../support/http-request.js';
import { RawHttp } from '../support/raw-http.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { socketDoors, synced, verdict, webSocket } from './support/socket-doors.js';
import { Upgraded } from './support/upgraded.js';

const launch = useServers();
let server: TestServer;
let stage: Stage;

beforeAll(async () => {
  server = await launch();
}, 60_000);

beforeEach(async () => {
  stage = await Stage.open(server);
});

describe.each(socketDoors)('The handshake of a $name', (door) => {
  const refused = (code: string, closed: number): string => (door === webSocket ? `${code}, closed with ${closed}` : code);
  const knock = (options: object): Promise<string> => verdict(door, { url: server.url, ...options });

  it('lets nobody in whom it does not know', async () => {
    expect(await knock({})).toBe(refused('missing_credential', 4401));
    expect(await knock({ key: 'fw_srv_nonsense' })).toMatch(door === webSocket ? /, closed with 4401$/ : /^\w+$/);
    expect(await knock({ key: stage.key })).toBe('admitted');
  });

  it('refuses a key of the other kind, and an environment that is not the key’s', async () => {
    const { key } = await stage.admin.createKey(stage.main, 'client', {}, { project: stage.project });
    expect(await knock({ key })).toMatch(door === webSocket ? /, closed with 4403$/ : /^\w+$/);
    expect(await knock({ key: stage.key, env: 'elsewhere' })).toBe(refused('wrong_environment', 4403));
    expect(await knock({ key: stage.key, env: stage.main })).toBe('admitted');
  });

  it('refuses an origin that the key does not allow', async () => {
    const headers = { Origin: 'https://app.example' };
    const extra = { allowed_origins: [headers.Origin] };
    const allowing = await stage.admin.createKey(stage.main, 'server', extra, { project: stage.project });
    expect(await knock({ key: stage.key, headers })).toMatch(door === webSocket ? /, closed with 4403$/ : /^\w+$/);
    expect(await knock({ key: allowing.key, headers })).toBe('admitted');
  });

  it('refuses a filter that cannot be one', async () => {
    expect(await knock({ key: stage.key, flags: ['*a*'] })).toMatch(door === webSocket ? /, closed with 1008$/ : /^\w+$/);
  });

  it('refuses a filter outside of the ticket’s', async () => {
    const answer = await server.admin.as(stage.key).request('POST', '/sdk/ticket', { flags: ['x.*'] });
    const { ticket } = answer.body as { ticket: string };
    expect(await knock({ ticket, flags: ['x.1', 'a'] })).toMatch(door === webSocket ? /, closed with 4403$/ : /^\w+$/);
    expect(await knock({ ticket, flags: ['x.1'] })).toBe('admitted');
  });
});

describe('A plain WebSocket', () => {
  it('takes Last-Event-ID as the stream does, and it wins over the parameter', async () => {
    await stage.create('a');
    const first = await synced(webSocket, { url: server.url, key: stage.key });
    const { checker, state } = first;
    await first.close();
    const headers = { 'Last-Event-ID': checker.cursor };
    for (const query of [{ last_event_id: '' }, { last_event_id: 'none' }]) {
      const presented = { cursor: checker.cursor, state, headers, query };
      const options = { url: server.url, key: stage.key, ...presented };
      const back = await synced(webSocket, options);
      expect(back.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'delta' }, id: checker.cursor });
      await back.close();
    }
  });

  it('presented with two cursors gets everything, and is not refused', async () => {
    const url = `${server.url}/sdk/ws?last_event_id=one&last_event_id=two`;
    expect(await verdict(webSocket, { url, key: stage.key })).toBe('admitted');
  });

  it('with two different credentials is refused', async () => {
    const options = { url: server.url, key: stage.key, query: { key: 'fw_srv_other' } };
    expect(await verdict(webSocket, options)).toMatch(/, closed with (1008|4401)$/);
  });
});

describe('An upgrade', () => {
  const upgrade = { Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' };

  it('is what /sdk/ws is for: without one it answers 426', async () => {
    const answer = await httpRequest(`${server.url}/sdk/ws`, { headers: { 'X-API-Key': stage.key } });
    expect([answer.status, answer.json()]).toMatchObject([426, { code: 'upgrade_required' }]);
  });

  it('to a path that is none is answered 404', async () => {
    const client = await RawHttp.connect({ port: server.port });
    await client.request({ path: '/sdk/nowhere', headers: { ...upgrade, Upgrade: 'websocket' } });
    expect((await client.readHead()).status).toBe(404);
    expect(JSON.parse((await client.readBody()).toString())).toMatchObject({ status: 404, code: 'route_not_found' });
    client.destroy();
  });

  it('to h2c is passed over: the request is served as it is', async () => {
    const client = await RawHttp.connect({ port: server.port });
    const offer = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' };
    await client.request({ path: '/sdk/poll', headers: { ...offer, 'X-API-Key': stage.key } });
    expect((await client.readHead()).status).toBe(200);
    expect(JSON.parse((await client.readBody()).toString())).toMatchObject({ flags: [] });
    client.destroy();
  });
});

describe('An upgrade that is none', () => {
  const PATHS = ['/sdk/ws?key=x', '/socket.io/?EIO=4&transport=websocket'];

  it.each(PATHS)('is refused with what is wrong, as other requests are: %s', async (path) => {
    for (const headers of [{ 'Sec-WebSocket-Key': 'short' }, { 'Sec-WebSocket-Version': '7' }]) {
      const { text } = await Upgraded.open(server.port, path, headers);
      expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
      expect(text).toContain('"code":"malformed_upgrade"');
    }
  });

  it('of Socket.IO has no place where as many are open as there may be, and is told to come back', async () => {
    const own = await launch({ env: { FLAGWIRE_MAX_CONNECTIONS: '1' } });
    const open: Upgraded[] = [];
    try {
      // All at once: whoever has not said who it is after ten seconds is disconnected.
      open.push(...(await Promise.all(Array.from({ length: 1010 }, () => Upgraded.open(own.port, PATHS[1] ?? '')))));
      const refused = open.filter(({ text }) => text.startsWith('HTTP/1.1 503 Service Unavailable'));
      expect(refused.map(({ text }) => text.includes('"code":"overload"'))).toEqual(Array<boolean>(9).fill(true));
      expect(open.filter(({ text }) => text.startsWith('HTTP/1.1 101 '))).toHaveLength(1001);
    } finally {
      for (const { socket } of open) socket.destroy();
    }
  });
});

describe('The handshake of a socket.io', () => {
  it.each([
    ['key', { key: 7 }],
    ['ticket', { key: undefined, ticket: ['x'] }],
    ['env', { env: ['production'] }],
    ['flags', { flags: ['a', 7] }],
    ['flags', { flags: { a: 1 } }],
  ])('refuses a %s of another type: %j', async (_field, wrong) => {
    const auth = { key: stage.key, ...wrong };
    const client = io(`${server.url}/sdk`, { transports: ['websocket'], forceNew: true, reconnection: false, auth });
    try {
      const refusal = await new Promise((resolve) => {
        client.once('connect', () => resolve('admitted'));
        client.once('connect_error', (error) => resolve((error as { data?: unknown }).data));
      });
      expect(refusal).toEqual({ code: 'invalid_input', message: expect.stringContaining('must be a text') });
    } finally {
      client.disconnect();
    }
  });
});

describe('The root namespace of Socket.IO', () => {
  it('refuses everybody, with a key too', async () => {
    const socket = io(server.url, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { key: stage.key } });
    const error = await new Promise<Error & { data?: unknown }>((resolve) => socket.once('connect_error', resolve));
    socket.disconnect();
    expect(error.data).toMatchObject({ code: 'route_not_found' });
  });
});
