import { beforeAll, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { httpRequest } from '../support/http-request.js';
import { RawHttp } from '../support/raw-http.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { socketDoors, socketIo, synced, verdict, webSocket } from './support/socket-doors.js';
import { frame, text, Upgraded } from './support/upgraded.js';

const launch = useServers();
const ENGINE = '/socket.io/?EIO=4&transport=websocket';
let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await launch();
  ({ key } = await server.admin.createKey('production'));
}, 60_000);

/** By how much each series of a metric has grown meanwhile; only those that have. */
async function growth(label: 'code' | 'reason', during: () => Promise<unknown>): Promise<Record<string, number>> {
  const name = { code: 'flagwire_refused_requests_total', reason: 'flagwire_ended_connections_total' }[label];
  const read = async () => {
    const { body } = await server.admin.call<string>('GET', '/metrics');
    return new Map(
      [...body.matchAll(new RegExp(`^${name}\\{${label}="(\\w+)"\\} (\\d+)$`, 'gm'))].map(([, of, n]) => [of, Number(n)]),
    );
  };
  const before = await read();
  await during();
  const after = await read();
  const grown = [...after].map(([of = '', count]): [string, number] => [of, count - (before.get(of) ?? 0)]);
  return Object.fromEntries(grown.filter(([, by]) => by !== 0));
}

/** The refusal of a stock client in a namespace. */
async function refusalIn(namespace: string): Promise<{ data?: unknown }> {
  const options = { transports: ['websocket'], forceNew: true, reconnection: false, auth: { key } };
  const socket = io(server.url + namespace, options);
  try {
    return await new Promise<Error & { data?: unknown }>((resolve) => socket.once('connect_error', resolve));
  } finally {
    socket.disconnect();
  }
}

describe.each(socketDoors)('What a $name refuses is counted by its code', (door) => {
  it('at the handshake', async () => {
    const knocks = async () => {
      await verdict(door, { url: server.url });
      await verdict(door, { url: server.url, key, env: 'elsewhere' });
      await verdict(door, { url: server.url, key, flags: ['*a*'] });
    };
    expect(await growth('code', knocks)).toEqual({ missing_credential: 1, wrong_environment: 1, invalid_input: 1 });
  });

  it('and of every request that is not done', async () => {
    const probe = await synced(door, { url: server.url, key });
    const ask = async () => {
      await probe.ask('GetFlag', { flag_id: 'nothing' });
      await probe.ask('Dance');
      await probe.ask('GetFlag', { flag_id: 7 });
    };
    expect(await growth('code', ask)).toEqual({ flag_not_found: 1, unknown_request: 1, malformed_request: 1 });
    await probe.close();
  });
});

describe('What is refused before there is a WebSocket', () => {
  it('is a problem document, and counted', async () => {
    const refused = async () => {
      for (const path of [ENGINE, '/sdk/ws']) {
        expect((await Upgraded.open(server.port, path, { 'Sec-WebSocket-Version': '7' })).text).toContain('malformed_upgrade');
      }
      expect((await Upgraded.open(server.port, '/nowhere')).text).toContain('route_not_found');
      for (const path of ['EIO=3&transport=websocket', 'EIO=4&transport=polling', 'EIO=4&transport=websocket&sid=x', '']) {
        const { text: answer } = await Upgraded.open(server.port, `/socket.io/?${path}`);
        expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n[^]*transports: /);
      }
    };
    expect(await growth('code', refused)).toEqual({ malformed_upgrade: 6, route_not_found: 1 });
  });

  it('names the transport to a client of Socket.IO that begins with long polling', async () => {
    const { status, headers, text: body } = await httpRequest(`${server.url}/socket.io/?EIO=4&transport=polling`);
    expect([status, headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(JSON.parse(body)).toMatchObject({ code: 'malformed_upgrade', detail: expect.stringContaining('["websocket"]') });
  });

  it('is counted where it is no HTTP, too', async () => {
    const noise = async () => {
      const client = await RawHttp.connect({ port: server.port });
      await client.send('EHLO mail.example\r\n\r\n');
      expect((await client.readHead()).status).toBe(400);
      client.destroy();
    };
    expect(await growth('code', noise)).toEqual({ malformed_http: 1 });
  });
});

describe('A namespace of Socket.IO that is not /sdk', () => {
  it.each(['', '/other', '/SDK', '/sdk/', '/__proto__', '/.*'])(
    'refuses for good and names the right one: "%s"',
    async (namespace) => {
      const knock = async () => {
        const { data } = await refusalIn(namespace);
        expect(data).toEqual({ code: 'route_not_found', message: expect.stringContaining('/sdk') });
      };
      expect(await growth('code', knock)).toEqual({ route_not_found: 1 });
    },
  );

  it('takes nobody else with it: the next client of /sdk is let in', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => refusalIn(`/made-up-${index}`)));
    expect(await verdict(socketIo, { url: server.url, key })).toBe('admitted');
  });
});

describe('The ends of connections are counted by their reason', () => {
  const ended = (during: () => Promise<unknown>) => growth('reason', during);

  it('where a plain WebSocket is refused', async () => {
    expect(await ended(() => verdict(webSocket, { url: server.url }))).toEqual({ unauthenticated: 1 });
    expect(await ended(() => verdict(webSocket, { url: server.url, key, env: 'elsewhere' }))).toEqual({ forbidden: 1 });
    expect(await ended(() => verdict(webSocket, { url: server.url, key, flags: ['*a*'] }))).toEqual({ invalid: 1 });
  });

  it('where its peer does not speak the protocol', async () => {
    const path = `/sdk/ws?key=${key}`;
    const three = async () => {
      const upgraded = await Upgraded.open(server.port, path);
      for (const request of ['{', '[]', '"x"']) upgraded.socket.write(text(request));
      expect(await upgraded.closeCode()).toBe(1008);
    };
    expect(await ended(three)).toEqual({ bad_requests: 1 });
    const bytes = async () => {
      const upgraded = await Upgraded.open(server.port, path);
      upgraded.socket.write(frame({ opcode: 2, payload: 'x' }));
      expect(await upgraded.closeCode()).toBe(1003);
    };
    expect(await ended(bytes)).toEqual({ binary: 1 });
    for (const door of [path, ENGINE]) {
      const large = async () => {
        const upgraded = await Upgraded.open(server.port, door);
        upgraded.socket.write(text('x'.repeat(65 * 1024)));
        expect(await upgraded.closeCode()).toBe(1009);
      };
      expect([door, await growth('code', large)]).toEqual([door, { malformed_frame: 1 }]);
    }
  });

  it('of whatever transport, where a key is revoked', async () => {
    const dying = await server.admin.createKey('production');
    const probes = await Promise.all(socketDoors.map((door) => synced(door, { url: server.url, key: dying.key })));
    const stream = await RawHttp.connect({ port: server.port });
    await stream.request({ path: '/sdk/stream', headers: { 'X-API-Key': dying.key } });
    await stream.readHead();
    const revoke = async () => {
      await server.admin.revokeKey('production', dying.id);
      await Promise.all([...probes.map(({ closed }) => closed), stream.readBody()]);
    };
    expect(await ended(revoke)).toEqual({ key_revoked: 3 });
  });
});
