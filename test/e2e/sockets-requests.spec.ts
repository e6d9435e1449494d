import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Stage } from '../contract/support/stage.js';
import { filterHash } from '../support/cursor.js';
import { type TestServer } from '../support/server.js';
import { SocketIoProbe } from '../support/socket-io-client.js';
import { type SocketProbe } from '../support/socket-probe.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { type Message } from '../support/wire-types.js';
import { type SocketDoor, socketDoors, socketIo, synced, webSocket } from './support/socket-doors.js';

const launch = useServers();
let server: TestServer;
let stage: Stage;

beforeAll(async () => {
  server = await launch({ env: { FLAGWIRE_HEARTBEAT_S: '3600' } });
}, 60_000);

beforeEach(async () => {
  stage = await Stage.open(server);
});

const code = (message: Message): string => (message.type === 'Error' ? message.data.code : message.type);
const ids = ({ state }: SocketProbe): string[] => [...state.keys()].sort();
const other = (door: SocketDoor): SocketDoor => (door === webSocket ? socketIo : webSocket);

describe.each(socketDoors)('A request on a $name', (door) => {
  let probe: SocketProbe;

  async function open(...flags: string[]): Promise<void> {
    for (const flag of flags) await stage.create(flag);
    probe = await synced(door, { url: server.url, key: stage.key });
  }

  afterEach(async () => {
    await probe.close();
    probe.assertInOrder();
  });

  it('Subscribe is answered by a full sync of the filter, and only its changes follow', async () => {
    await open('a', 'b', 'x.1', 'x.2');
    expect(ids(probe)).toEqual(['a', 'b', 'x.1', 'x.2']);
    expect(await probe.subscribe(['a', 'x.*'])).toMatchObject({ type: 'SyncStarted', data: { mode: 'full' }, id: 'none' });
    await probe.waitForSync(4000, 2);
    expect(ids(probe)).toEqual(['a', 'x.1', 'x.2']);
    await stage.toggle('b', 2);
    await stage.toggle('x.2', 1);
    await probe.waitForCursor(await stage.create('x.3'));
    expect(probe.applied.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['FlagStatusChanged', 'FlagCreated']);
    expect([ids(probe), probe.cursor.split('.')[3]]).toEqual([['a', 'x.1', 'x.2', 'x.3'], filterHash(['a', 'x.*'])]);
  });

  it('Subscribe without flags means all of them', async () => {
    await open('a', 'b');
    await probe.subscribe(['a']);
    await probe.waitForSync(4000, 2);
    await probe.subscribe();
    await probe.waitForSync(4000, 3);
    await probe.waitForCursor(await stage.create('c'));
    expect(ids(probe)).toEqual(['a', 'b', 'c']);
  });

  it('a filtered cursor resumes on the stream and on the other socket', async () => {
    await open('a', 'b');
    await probe.subscribe(['a']);
    await probe.waitForSync(4000, 2);
    const left = { url: server.url, key: stage.key, flags: ['a'], cursor: probe.checker.cursor, state: probe.state };
    await probe.close();
    const cursor = await stage.edit('a', { status: 'enabled' });
    for (const back of [await SseProbe.connect(left), await other(door).connect(left)]) {
      await back.waitForCursor(cursor);
      expect(back.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'delta' }, id: left.cursor });
      expect([back.applied.length, back.state.get('a')?.status]).toEqual([1, 'enabled']);
      await back.close();
      back.assertInOrder();
    }
  });

  it('after Unsubscribe nothing comes and ids are none, until the next Subscribe', async () => {
    await open('a');
    expect(await probe.unsubscribe()).toMatchObject({ type: 'Pong', id: 'none' });
    await stage.toggle('a', 2);
    expect(await probe.ask('Ping')).toMatchObject({ type: 'Pong', id: 'none' });
    expect(await probe.ask('GetFlag', { flag_id: 'a' })).toMatchObject({ type: 'FlagUpdated', id: 'none' });
    expect(probe.applied).toEqual([]);
    await probe.subscribe();
    await probe.waitForSync(4000, 2);
    expect(probe.state).toEqual(await stage.truth());
    const [cursor = ''] = await stage.toggle('a', 1);
    await probe.waitForCursor(cursor);
    expect(probe.state).toEqual(await stage.truth());
  });

  it('GetFlag is answered to its client alone, also outside of its filter', async () => {
    await open('a', 'b');
    const neighbour = await synced(door, { url: server.url, key: stage.key });
    await probe.subscribe(['a']);
    await probe.waitForSync(4000, 2);
    const told = await probe.ask('GetFlag', { flag_id: 'b' });
    expect(told).toMatchObject({ type: 'FlagUpdated', data: (await stage.truth()).get('b'), id: probe.checker.cursor });
    expect(code(await probe.ask('GetFlag', { flag_id: 'nowhere' }))).toBe('flag_not_found');
    await neighbour.ask('Ping');
    expect(neighbour.messages.map(({ type }) => type)).toEqual([
      ...['SyncStarted', 'FlagUpdated', 'FlagUpdated', 'SyncComplete', 'Pong'],
    ]);
    await neighbour.close();
  });

  it('GetAllFlags is a full sync to its client alone, with the request_id in each of its messages', async () => {
    await open('a', 'b');
    const neighbour = await synced(door, { url: server.url, key: stage.key });
    const { request_id } = await probe.ask('GetAllFlags');
    await probe.waitForSync(4000, 2);
    const answer = probe.messages.filter((message) => message.request_id === request_id).map(({ type }) => type);
    expect(answer).toEqual(['SyncStarted', 'FlagUpdated', 'FlagUpdated', 'SyncComplete']);
    await neighbour.ask('Ping');
    expect(neighbour.checker.syncs).toBe(1);
    await neighbour.close();
    const [cursor = ''] = await stage.toggle('a', 1);
    await probe.waitForCursor(cursor);
    expect(probe.messages.at(-1)).not.toHaveProperty('request_id');
  });

  it('Ack is answered by nothing', async () => {
    await open();
    await probe.ask('Ping');
    const before = probe.messages.length;
    probe.send('Ack', { id: probe.cursor });
    await probe.ask('Ping');
    expect(probe.messages.slice(before).map(({ type }) => type)).toEqual(['Pong']);
  });

  it('answers come behind what was sent before, and in the order of the requests', async () => {
    await open('a');
    const asked = [probe.ask('GetAllFlags'), probe.ask('Ping'), probe.ask('GetFlag', { flag_id: 'a' })];
    const answers = await Promise.all(asked);
    const places = answers.map((answer) => probe.messages.indexOf(answer));
    expect(places).toEqual([...places].sort((one, two) => one - two));
    const complete = probe.messages.findLastIndex(({ type }) => type === 'SyncComplete');
    expect(places[1]).toBeGreaterThan(complete);
  });

  it('of more than 20 at once those beyond are told that they are too many, and the connection goes on', async () => {
    await open();
    const answers = await Promise.all(Array.from({ length: 60 }, () => probe.ask('Ping')));
    const refused = answers.filter((answer) => code(answer) === 'rate_limited').length;
    expect([refused > 0, refused <= 40, probe.isOpen]).toEqual([true, true, true]);
  });

  it('of full syncs, three are given at once', async () => {
    await open('a');
    const answers = [];
    for (let count = 0; count < 4; count += 1) answers.push(code(await probe.ask('GetAllFlags')));
    answers.push(code(await probe.subscribe(['a'])), code(await probe.ask('Ping')));
    expect(answers).toEqual([...Array<string>(3).fill('SyncStarted'), 'rate_limited', 'rate_limited', 'Pong']);
  });

  it('a filter that cannot be one changes nothing', async () => {
    await open('a', 'b');
    for (const flags of [[], ['*a*'], [' ']]) expect(code(await probe.subscribe(flags))).toBe('invalid_input');
    await probe.waitForCursor(await stage.edit('b', { status: 'enabled' }));
    expect(probe.state.get('b')?.status).toBe('enabled');
  });

  it('three in a row that nobody can read end it, and fewer do not', async () => {
    await open();
    expect(code(await probe.ask('Nonsense'))).toBe('unknown_request');
    expect(code(await probe.ask('GetFlag', { flag_id: 7 }))).toBe('malformed_request');
    expect(code(await probe.ask('Ping'))).toBe('Pong');
    for (let count = 0; count < 3; count += 1) probe.send('Nonsense');
    const { by, code: closed } = await probe.closed;
    expect([by, closed]).toEqual(['server', door === webSocket ? 1008 : undefined]);
    expect(probe.messages.filter((message) => code(message) === 'unknown_request')).toHaveLength(4);
  });

  it('a ticket binds: what is outside of its filter is forbidden', async () => {
    for (const flag of ['a', 'x.1', 'x.2']) await stage.create(flag);
    const body = { flags: ['x.*'] };
    const { ticket } = (await server.admin.as(stage.key).request('POST', '/sdk/ticket', body)).body as { ticket: string };
    probe = await synced(door, { url: server.url, ticket, flags: ['x.*'] });
    expect(ids(probe)).toEqual(['x.1', 'x.2']);
    expect(code(await probe.subscribe(['x.1', 'a']))).toBe('forbidden');
    expect(code(await probe.subscribe(['*']))).toBe('forbidden');
    expect(code(await probe.ask('GetFlag', { flag_id: 'a' }))).toBe('forbidden');
    expect(code(await probe.ask('GetFlag', { flag_id: 'x.1' }))).toBe('FlagUpdated');
    await probe.subscribe(['x.1']);
    await probe.waitForSync(4000, 2);
    expect(ids(probe)).toEqual(['x.1']);
  });
});

describe('An acknowledgement of Socket.IO', () => {
  it('says what was done, and why something was not', async () => {
    const probe = await SocketIoProbe.connect({ url: server.url, key: stage.key });
    await probe.waitForSync();
    expect(await probe.acknowledged('Ping')).toEqual({ ok: true });
    expect(await probe.acknowledged('Ack', { id: probe.cursor })).toEqual({ ok: true });
    const error = { code: 'flag_not_found', message: expect.any(String) };
    expect(await probe.acknowledged('GetFlag', { flag_id: 'nowhere' })).toEqual({ error });
    await probe.close();
  });
});
