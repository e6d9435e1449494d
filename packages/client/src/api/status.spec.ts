import { describe, expect, it } from '@jest/globals';
import { ScriptedTransport } from '../connection/scripted-transport.fake.js';
import { VirtualClock } from '../connection/virtual-clock.fake.js';
import { WEB_SOCKET } from '../transport/traits.js';
import { at, flag, fullSync, liveLab, makeLab } from './client-lab.fake.js';

const SECOND = 1000;

describe('The status', () => {
  it('goes from connecting over syncing to live, and says where the flags stand', async () => {
    const { client, clock, states, sync } = makeLab();
    expect(client.status).toEqual({ ...nowhere, state: 'connecting', transport: null, for_ms: 0 });
    await clock.pass(200);
    expect(client.status).toMatchObject({ ...nowhere, state: 'connecting', transport: 'sse', for_ms: 200 });
    sync([flag('a')], 7);
    expect(states).toEqual(['connecting', 'syncing', 'live']);
    await clock.pass(300);
    expect(client.status).toEqual({ state: 'live', cursor: at(7), revision: 7, transport: 'sse', lag_ms: 300, for_ms: 300 });
  });

  it('is stale as soon as the connection ends, and live again with the next', async () => {
    const { client, clock, sse, states, sync } = await liveLab([flag('a')]);
    sse.fail('connection_lost');
    expect(client.status).toMatchObject({ state: 'stale', cursor: at(1) });
    expect(client.value('a', false)).toBe(true);
    await clock.pass(SECOND);
    sync([flag('a')]);
    expect(states.slice(3)).toEqual(['stale', 'syncing', 'live']);
  });

  it('is stale by time alone, 10 s after a ping was due, and live again with the next byte', async () => {
    const { clock, sse, states, client } = await liveLab();
    await clock.pass(24_999);
    expect(client.status.state).toBe('live');
    await clock.pass(1);
    expect(states.at(-1)).toBe('stale');
    sse.tell({ type: 'Heard' });
    expect(states.at(-1)).toBe('live');
    expect(client.status.lag_ms).toBe(0);
  });

  it('stays live while nothing but pings come', async () => {
    const { clock, sse, states, client } = await liveLab();
    for (let pings = 0; pings < 4; pings += 1) {
      await clock.pass(15 * SECOND);
      sse.tell({ type: 'Heard' });
    }
    expect([states.at(-1), client.status.for_ms]).toEqual(['live', 60 * SECOND]);
  });

  it('stays live between two heartbeats, on a transport that tells of no pings', async () => {
    const clock = new VirtualClock();
    const socket = new ScriptedTransport('websocket', () => clock.now(), 'stream', 0, WEB_SOCKET.quiet_ms);
    const { client, states, errors } = makeLab({ clock, transports: () => [socket] });
    await clock.pass(0);
    fullSync(socket)([flag('a')]);
    for (let beats = 0; beats < 3; beats += 1) {
      await clock.pass(30 * SECOND);
      socket.message({ type: 'Heartbeat', data: { timestamp: 1, age_ms: 0 }, id: at(1) });
    }
    expect([states, client.status.for_ms, errors]).toEqual([['connecting', 'syncing', 'live'], 90 * SECOND, []]);
    await clock.pass(40 * SECOND);
    expect(states.at(-1)).toBe('stale');
  });

  it('is stale while the node says that it is 10 s behind its log', async () => {
    const { client, clock, sse } = await liveLab();
    const beat = (age_ms: number) => sse.message({ type: 'Heartbeat', data: { timestamp: 1, age_ms }, id: at(1) });
    beat(9999);
    expect(client.status).toMatchObject({ state: 'live', lag_ms: 9999 });
    await clock.pass(15 * SECOND);
    expect(client.status.state).toBe('live');
    await clock.pass(1);
    expect(client.status.state).toBe('stale');
    beat(0);
    expect(client.status).toMatchObject({ state: 'live', lag_ms: 0 });
    beat(10_000);
    expect(client.status).toMatchObject({ state: 'stale', lag_ms: 10_000 });
  });

  it('is polling after an answer, stale after a failure, and stale by time where the next is not answered', async () => {
    const { client, clock, sse, poll, states } = makeLab();
    const answer = (asked: string) => {
      poll.tell({ type: 'Answered', answer: { asked, mode: 'full', events: [], cursor: at(3) } });
      poll.tell({ type: 'Ended', failure: null });
    };
    sse.onOpen = () => sse.fail('not_found');
    poll.onOpen = () => answer('none');
    await clock.pass(SECOND);
    expect(client.status).toMatchObject({ state: 'polling', cursor: at(3), transport: 'poll' });
    poll.onOpen = () => poll.fail();
    await clock.pass(30 * SECOND);
    expect(client.status.state).toBe('stale');
    poll.onOpen = () => {
      poll.tell({ type: 'Unchanged', asked: at(3) });
      poll.tell({ type: 'Ended', failure: null });
    };
    await clock.pass(SECOND);
    expect(client.status.state).toBe('polling');
    sse.onOpen = poll.onOpen = () => undefined;
    await clock.pass(58 * SECOND);
    expect(states.slice(-3)).toEqual(['stale', 'polling', 'stale']);
  });

  it('is closed for good, and leaves no timer and no connection', async () => {
    const { client, clock, sse, states } = await liveLab([flag('a')]);
    await client.close();
    expect([clock.pending, sse.isOpen, states.at(-1)]).toEqual([0, false, 'closed']);
    await clock.pass(60 * SECOND);
    await client.close();
    expect(client.status).toMatchObject({ state: 'closed', transport: null, cursor: at(1) });
    expect(states.filter((state) => state === 'closed')).toHaveLength(1);
    expect(client.value('a', false)).toBe(true);
  });

  it('is told once for each change of it', async () => {
    const { states, change } = await liveLab([flag('a')]);
    change(2, { type: 'FlagUpdated', data: flag('a', {}, 2) });
    expect(states).toEqual(['connecting', 'syncing', 'live']);
  });

  it('says of a connection that ended since when nothing is known', async () => {
    const { client, clock, sse } = await liveLab();
    await clock.pass(10 * SECOND);
    sse.tell({ type: 'Heard' });
    await clock.pass(5 * SECOND);
    sse.fail('connection_lost');
    expect([client.status.lag_ms, client.details('a', false).age_ms]).toEqual([5000, 5000]);
  });
});

const nowhere = { cursor: null, revision: null, lag_ms: null };

describe('A sync of more than 64 MiB', () => {
  it('is given up and tried again after two minutes; the flags stay', async () => {
    const { client, clock, sse, errors } = await liveLab([flag('a')]);
    sse.message({ type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1 }, id: 'none' });
    const staged = { type: 'FlagUpdated', data: flag('b'), id: 'none' };
    for (let megabytes = 0; megabytes < 60; megabytes += 4) sse.message(staged, 4 * 1024 * 1024);
    expect(errors).toEqual([]);
    sse.message(staged, 4 * 1024 * 1024);
    expect([errors, sse.isOpen, client.all().map(({ id }) => id)]).toEqual([['sync_too_large'], false, ['a']]);
    await clock.pass(119 * SECOND);
    expect(sse.opened).toHaveLength(1);
    await clock.pass(31 * SECOND);
    expect(sse.opened.at(-1)?.cursor).toBe(at(1));
  });

  it('is counted anew with each sync and each change set', async () => {
    const { sse, errors, change, sync } = await liveLab([flag('a')]);
    for (let version = 2; version < 40; version += 1) {
      sse.message({ type: 'FlagUpdated', data: flag('a', {}, version), id: at(version - 1), more: true }, 4 * 1024 * 1024);
      change(version, { type: 'FlagCreated', data: flag(`b${version}`) });
    }
    for (let syncs = 0; syncs < 20; syncs += 1) sync([flag('a')]);
    expect(errors).toEqual([]);
  });
});
