import { beforeAll, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { Stage } from '../contract/support/stage.js';
import { type Environment } from '../support/server-process.js';
import { type TestServer } from '../support/server.js';
import { SocketIoProbe } from '../support/socket-io-client.js';
import { type SocketProbe } from '../support/socket-probe.js';
import { useServers } from '../support/use-servers.js';
import { eventually, within } from '../support/wait.js';
import { WebSocketProbe } from '../support/web-socket-client.js';
import { socketDoors, synced, webSocket } from './support/socket-doors.js';

const launch = useServers();
let server: TestServer;

beforeAll(async () => {
  server = await launch();
}, 60_000);

async function open(door: (typeof socketDoors)[number], env?: Environment): Promise<{ stage: Stage; probe: SocketProbe }> {
  const stage = await Stage.open(env === undefined ? server : await launch({ env }));
  return { stage, probe: await synced(door, { url: stage.server.url, key: stage.key }) };
}

const GONE = { retry_after_ms: null };
const LATER = { retry_after_ms: expect.any(Number) };
/** What the stock client of Socket.IO makes of it: it comes back by itself after the second alone. */
const [STAYS_AWAY, COMES_BACK] = ['io server disconnect', 'transport close'];

/** Waits for the end: its Goodbye, and the close code or what the stock client says. */
async function endOf(probe: SocketProbe): Promise<unknown[]> {
  const { code } = await within(probe.closed, 20_000, 'the end of the connection');
  probe.assertInOrder();
  return [probe.goodbye, probe instanceof SocketIoProbe ? probe.reason : code];
}

describe.each(socketDoors)('The end of a $name', (door) => {
  const how = (code: number, reason: string): number | string => (door === webSocket ? code : reason);

  it('a revoked key says so, and is not to come back', async () => {
    const { stage, probe } = await open(door);
    const at = { project: stage.project };
    const doomed = await stage.admin.createKey(stage.main, 'server', {}, at);
    const other = await synced(door, { url: server.url, key: doomed.key });
    await stage.admin.revokeKey(stage.main, doomed.id, at);
    expect(await endOf(other)).toEqual([{ reason: 'key_revoked', ...GONE }, how(4401, STAYS_AWAY)]);
    expect((await probe.ask('Ping')).type).toBe('Pong');
    await probe.close();
  });

  it('a key that expires says so, and is not to come back', async () => {
    const { stage, probe } = await open(door);
    const expires_at = new Date(Date.now() + 2000).toISOString();
    const { key } = await stage.admin.createKey(stage.main, 'server', { expires_at }, { project: stage.project });
    const expiring = await synced(door, { url: server.url, key });
    expect(await endOf(expiring)).toEqual([{ reason: 'key_expired', ...GONE }, how(4401, STAYS_AWAY)]);
    await probe.close();
  });

  it('an environment that is deleted says so, and nobody is to come back', async () => {
    const { stage, probe } = await open(door);
    await stage.admin.deleteEnvironment(stage.main, { project: stage.project });
    expect(await endOf(probe)).toEqual([{ reason: 'environment_deleted', ...GONE }, how(4401, STAYS_AWAY)]);
  });

  it('one that is old enough is to come back', async () => {
    const { probe } = await open(door, { FLAGWIRE_SOCKET_MAX_AGE_S: '0.5', FLAGWIRE_STALL_S: '2' });
    expect(await endOf(probe)).toEqual([{ reason: 'max_age', ...LATER }, how(4000, COMES_BACK)]);
  });

  it('one too many for its key is to come back, and the one before stays', async () => {
    const { stage, probe } = await open(door, { FLAGWIRE_MAX_PER_SERVER_KEY: '1' });
    const second = await door.connect({ url: stage.server.url, key: stage.key, cursor: probe.cursor });
    expect(await endOf(second)).toEqual([{ reason: 'overload', ...LATER }, how(4429, COMES_BACK)]);
    expect(second.messages.map(({ type, id }) => [type, id])).toEqual([['Goodbye', probe.cursor]]);
    expect((await probe.ask('Ping')).type).toBe('Pong');
    await probe.close();
  });

  it('a node that shuts down sends it to another', async () => {
    const { stage, probe } = await open(door, { FLAGWIRE_DRAIN_S: '0.5' });
    const stopped = stage.server.stop();
    expect(await endOf(probe)).toEqual([{ reason: 'shutdown', ...LATER }, how(1012, COMES_BACK)]);
    expect((await stopped).code).toBe(0);
  });
});

describe('A peer', () => {
  it('that sends a frame over 64 KiB is closed with 1009, on Socket.IO without a code', async () => {
    for (const door of socketDoors) {
      const { probe } = await open(door);
      probe.send('GetFlag', { flag_id: 'a'.repeat(66_000) });
      const { code } = await probe.closed;
      expect([door.name, code]).toEqual([door.name, door === webSocket ? 1009 : undefined]);
    }
  });

  it('that sends binary is closed with 1003', async () => {
    const { probe } = await open(webSocket);
    (probe as WebSocketProbe).socket.send(Buffer.from('{"type":"Ping"}'));
    expect((await probe.closed).code).toBe(1003);
  });

  it('that sends three texts which are not JSON is told so, and closed with 1008', async () => {
    const { probe } = await open(webSocket);
    for (const text of ['', '{', '[1']) (probe as WebSocketProbe).socket.send(text);
    expect((await probe.closed).code).toBe(1008);
    const errors = probe.messages.flatMap((message) => (message.type === 'Error' ? [message.data.code] : []));
    expect(errors).toEqual(Array<string>(3).fill('malformed_request'));
    probe.assertInOrder();
  });

  it('that answers no ping is closed', async () => {
    const stage = await Stage.open(await launch({ env: { FLAGWIRE_PING_S: '0.2', FLAGWIRE_STALL_S: '2' } }));
    const query = { key: stage.key };
    const address = `${stage.server.url}/sdk/ws?${new URLSearchParams(query).toString()}`;
    const [deaf, hears] = [new WebSocket(address, { autoPong: false }), new WebSocket(address)];
    const ended = new Promise<number>((resolve) => deaf.once('close', resolve));
    deaf.on('error', () => undefined);
    await within(ended, 10_000, 'the end of a peer that answers no ping');
    expect(hears.readyState).toBe(WebSocket.OPEN);
    hears.terminate();
  });
});

describe("Socket.IO's stock client", () => {
  it('comes back by itself after a restart, with the present cursor, and stays away when its key is revoked', async () => {
    const stage = await Stage.open(await launch({ env: { FLAGWIRE_DRAIN_S: '0.2' } }));
    const at = { project: stage.project };
    const { id, key } = await stage.admin.createKey(stage.main, 'server', {}, at);
    let cursor: string | undefined;
    const modes: string[] = [];
    const ends: string[] = [];
    const client = io(`${stage.server.url}/sdk`, {
      ...{ transports: ['websocket'], forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200 },
      auth: (present) => present({ key, last_event_id: cursor }),
    });
    client.on('message', (message: { type: string; id: string; data: { mode?: string } }) => {
      cursor = message.id;
      if (message.data.mode !== undefined) modes.push(message.data.mode);
    });
    client.on('disconnect', (reason) => ends.push(reason));
    try {
      await eventually(() => cursor !== undefined && cursor !== 'none', { timeoutMs: 10_000 });
      await stage.server.restart();
      await eventually(() => modes.length === 2 && client.connected, { timeoutMs: 20_000 });
      expect([modes, ends]).toEqual([['full', 'delta'], [COMES_BACK]]);
      await stage.admin.revokeKey(stage.main, id, at);
      await eventually(() => ends.length === 2, { timeoutMs: 10_000 });
      expect([ends[1], client.active]).toEqual([STAYS_AWAY, false]);
    } finally {
      client.disconnect();
    }
  });
});
