import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { Stage } from '../contract/support/stage.js';
import { type SocketProbe } from '../support/socket-probe.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { WebSocketProbe } from '../support/web-socket-client.js';
import { Bystanders } from './support/bystanders.js';
import { BAD_REQUESTS, FORBIDDEN_FRAMES, inGroups, NO_REQUESTS, ODD_CURSORS, ODD_PINGS } from './support/hostile-frames.js';
import { metric } from './support/metrics.js';
import { socketDoors, synced, webSocket } from './support/socket-doors.js';
import { frame, text, Upgraded } from './support/upgraded.js';

const LONG = 30_000;
const MIB = 2 ** 20;

const launch = useServers();
let stage: Stage;
let others: Bystanders;
const open: { close: () => void }[] = [];

beforeAll(async () => {
  stage = await Stage.open(await launch());
  others = await Bystanders.open(stage);
}, 60_000);

afterEach(async () => {
  for (const { close } of open.splice(0)) close();
  await others.expectServed();
});

async function raw(): Promise<Upgraded> {
  const upgraded = await Upgraded.open(stage.server.port, `/sdk/ws?key=${stage.key}`);
  open.push({ close: () => upgraded.socket.destroy() });
  await eventually(() => upgraded.text.includes('SyncComplete'), { timeoutMs: LONG });
  return upgraded;
}

async function probe(options: { cursor?: string } = {}): Promise<WebSocketProbe> {
  const connected = await WebSocketProbe.connect({ url: stage.server.url, key: stage.key, ...options });
  open.push({ close: () => connected.socket.terminate() });
  await connected.waitForSync(LONG);
  return connected;
}

const answersOf = ({ messages }: SocketProbe) => messages.filter(({ type }) => type === 'Error' || type === 'Pong');

describe('a plain WebSocket', () => {
  it.each(FORBIDDEN_FRAMES)('that sends %s is closed with the code for it', async (_what, bytes, code) => {
    const peer = await raw();
    peer.socket.write(bytes);
    expect(await peer.closeCode(LONG)).toBe(code);
  });

  it.each(inGroups(NO_REQUESTS))('that sends what is no request is told what one is, and goes on: %j …', async (...group) => {
    const peer = await probe();
    for (const sent of group) {
      const from = peer.messages.length;
      peer.socket.send(sent);
      peer.socket.send('{"type":"Ping"}');
      await peer.waitFor(({ type }) => type === 'Pong', LONG, from);
      const [error] = peer.messages.slice(from);
      const wanted = { code: 'malformed_request', message: expect.stringMatching(/a request is an object/i) };
      expect([sent.slice(0, 40), error?.type, error?.data]).toEqual([sent.slice(0, 40), 'Error', wanted]);
    }
    peer.assertInOrder();
  });

  it('that sends more than a request needs is answered all the same', async () => {
    const peer = await probe();
    for (const sent of ODD_PINGS) peer.socket.send(sent);
    await eventually(() => answersOf(peer).length === ODD_PINGS.length, { timeoutMs: LONG });
    expect(answersOf(peer).map(({ type }) => type)).toEqual(ODD_PINGS.map(() => 'Pong'));
    peer.assertInOrder();
  });

  it.each([
    ['pings and pongs between its pieces', [frame({ opcode: 9, payload: 'x' }), frame({ opcode: 10 })]],
    ['10,000 empty pieces', Array<Buffer>(10_000).fill(frame({ opcode: 0, isFinal: false }))],
  ])('may send a request in pieces: %s', async (_what, between) => {
    const peer = await raw();
    const first = frame({ opcode: 1, payload: '{"type":', isFinal: false });
    peer.socket.write(Buffer.concat([first, ...between, frame({ opcode: 0, payload: '"Ping"}' })]));
    await eventually(() => peer.text.includes('"type":"Pong"'), { timeoutMs: LONG });
    expect(peer.text).not.toContain('Error');
  });

  it('that never finishes a message costs no more than what one may be', async () => {
    const before = await metric(stage.server, 'process_resident_memory_bytes');
    const pieces = Array<Buffer>(16_000).fill(frame({ opcode: 0, payload: 'xxxx', isFinal: false }));
    const unfinished = Buffer.concat([frame({ opcode: 1, payload: '{', isFinal: false }), ...pieces, frame({ opcode: 9 })]);
    for (let count = 0; count < 10; count += 1) {
      const peer = await raw();
      const from = peer.received.length;
      peer.socket.write(unfinished);
      // Its ping was read, and so was all before.
      await eventually(() => peer.isClosed || peer.received.includes(Buffer.from([0x8a, 0]), from), { timeoutMs: LONG });
      expect(peer.text).not.toContain('Error');
    }
    const grown = (await metric(stage.server, 'process_resident_memory_bytes')) - before;
    process.stderr.write(`ten unfinished messages: ${Math.round(grown / MIB)} MiB\n`);
    expect(grown).toBeLessThan(128 * MIB);
  }, 60_000);

  it.each(ODD_CURSORS)('that comes with the cursor %j gets everything', async (cursor) => {
    const peer = await probe({ cursor });
    expect(peer.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'full' } });
    peer.assertInOrder();
  });

  it.each(['a,,b', ',', 'a,', '', 'a%00', 'a%0a', '%EF%BB%BFa', 'a'.repeat(500), 'a%20b'])(
    'that comes with the filter %s is told so and closed with 1008',
    async (flags) => {
      const peer = await Upgraded.open(stage.server.port, `/sdk/ws?key=${stage.key}&flags=${flags}`);
      open.push({ close: () => peer.socket.destroy() });
      expect(await peer.closeCode(LONG)).toBe(1008);
      expect(peer.text).toMatch(/"code":"invalid_input","message":".{10}/);
    },
  );

  it('that asks 10,000 times at once is told that it asks too often, and may ask again', async () => {
    const peer = await raw();
    peer.socket.write(Buffer.concat(Array<Buffer>(10_000).fill(text('{"type":"Ping"}'))));
    const count = (what: string) => peer.text.split(what).length - 1;
    const answers = () => count('"type":"Pong"') + count('"code":"rate_limited"');
    await eventually(() => answers() === 10_000, { timeoutMs: LONG, what: 'ten thousand answers' });
    expect(count('"type":"Pong"')).toBeGreaterThanOrEqual(20);
    expect(count('"code":"rate_limited"')).toBeGreaterThan(5000);
    const before = count('"type":"Pong"');
    const again = () => (peer.socket.write(text('{"type":"Ping"}')), count('"type":"Pong"') > before);
    await eventually(again, { timeoutMs: LONG, intervalMs: 200 });
  }, 60_000);
});

describe.each(socketDoors)('a request on a $name that cannot be done', (door) => {
  it('is answered by the Error for it, with a message, and the connection goes on', async () => {
    for (const group of inGroups(BAD_REQUESTS)) {
      const peer = await synced(door, { url: stage.server.url, key: stage.key });
      for (const [type, fields, code] of group) {
        const from = peer.messages.length;
        peer.send(type as string, fields);
        expect((await peer.ask('Ping')).type).toBe('Pong');
        const wanted = { code, message: expect.stringMatching(/.{10}/) };
        expect([type, fields, ...peer.messages.slice(from, -1).map(({ data }) => data)]).toEqual([type, fields, wanted]);
      }
      peer.assertInOrder();
      await peer.close();
    }
  }, 120_000);
});

describe('a peer that vanishes without a word', () => {
  it.each(socketDoors)(
    'is let go of: $name',
    async (door) => {
      const own = await Stage.open(await launch({ env: { FLAGWIRE_PING_S: '0.5' } }));
      const proxy = await TcpProxy.start(own.server.port);
      try {
        const stays = await synced(door, { url: own.server.url, key: own.key });
        const vanishes = await synced(door, { url: `http://127.0.0.1:${proxy.port}`, key: own.key });
        expect(await metric(own.server, 'flagwire_connections')).toBe(2);
        proxy.hold();
        const alone = async () => (await metric(own.server, 'flagwire_connections')) === 1;
        await eventually(alone, { timeoutMs: LONG, what: 'the end of the one that vanished' });
        // The library of Socket.IO looks after its own pings.
        expect(await metric(own.server, 'flagwire_cut_connections_total')).toBe(door === webSocket ? 1 : 0);
        expect((await stays.ask('Ping')).type).toBe('Pong');
        await stays.close();
        proxy.resetAll();
        await vanishes.closed;
      } finally {
        await proxy.stop();
      }
    },
    60_000,
  );

  it('a peer that answers pings and says nothing else stays', async () => {
    const own = await Stage.open(await launch({ env: { FLAGWIRE_PING_S: '0.3' } }));
    const socket = new WebSocket(`${own.server.url.replace('http', 'ws')}/sdk/ws?key=${own.key}`);
    open.push({ close: () => socket.terminate() });
    let pings = 0;
    socket.on('ping', () => (pings += 1));
    await eventually(() => pings >= 8, { timeoutMs: LONG });
    expect(socket.readyState).toBe(WebSocket.OPEN);
  }, 60_000);
});
