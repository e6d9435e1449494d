import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { filterHash } from '../support/cursor.js';
import { type TestServer } from '../support/server.js';
import { SseProbe, type SseOptions } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Stage } from './support/stage.js';
import { PATIENCE_MS } from './support/subscriber.js';

/** What may stand between line breaks that would break a line somewhere, and what JSON leaves as it is. */
const DESCRIPTION = 'line feed\nreturn\r\nline separator\u2028paragraph\u2029tab\t🚩 data: event: x\n\nid: 7';

describe.each(['true', 'false'])('The wire of a stream (FLAGWIRE_FRONT_CACHE=%s)', (front) => {
  const launch = useServers();
  let server: TestServer;
  let stage: Stage;
  const probes: SseProbe[] = [];

  async function connect(options: Partial<SseOptions> = {}): Promise<SseProbe> {
    const probe = await SseProbe.connect({ url: server.url, key: stage.key, timeoutMs: PATIENCE_MS, ...options });
    probes.push(probe);
    return probe;
  }

  async function synced(options: Partial<SseOptions> = {}): Promise<SseProbe> {
    const probe = await connect(options);
    await probe.waitForSync(PATIENCE_MS);
    return probe;
  }

  /** The mode of the sync that a stream to this address begins with; parameters may be repeated in it. */
  async function modeOf(query: string, headers: Record<string, string> = {}): Promise<string> {
    const probe = await synced({ url: `${server.url}/sdk/stream?${query}`, headers });
    const started = probe.messages.find(({ type }) => type === 'SyncStarted');
    return started?.type === 'SyncStarted' ? started.data.mode : 'none';
  }

  beforeAll(async () => {
    server = await launch({ env: { FLAGWIRE_PING_S: '0.3', FLAGWIRE_HEARTBEAT_S: '0.4', FLAGWIRE_FRONT_CACHE: front } });
  });
  beforeEach(async () => {
    for (const probe of probes.splice(0)) await probe.close();
    stage = await Stage.open(server);
    for (const flag of ['a', 'b', 'x.1']) await stage.create(flag);
  });

  it('has a head that no proxy and no cache may hold back or change', async () => {
    const { status, headers } = await connect({ headers: { 'Accept-Encoding': 'gzip, br' } });
    expect([status, headers['content-type'], headers['x-accel-buffering']]).toEqual([200, 'text/event-stream', 'no']);
    const caching = headers['cache-control']?.split(/, */);
    expect(caching).toEqual(expect.arrayContaining(['no-cache', 'no-transform']));
    expect([headers['content-encoding'], headers['content-length'], headers.etag]).toEqual([undefined, undefined, undefined]);
  });

  it('begins with a block of the accepted cursor and a time to come back', async () => {
    const cold = await synced();
    expect(cold.blocks[0]?.fields).toEqual([
      ['id', 'none'],
      ['retry', expect.stringMatching(/^[1-5]\d{3}$/)],
    ]);
    const { cursor } = cold.checker;
    expect((await synced({ cursor })).blocks[0]?.fields[0]).toEqual(['id', cursor]);
    const foreign = cursor.replace(/^.{8}/, 'aaaaaaaa');
    for (const refused of [foreign, 'nonsense', 'none']) {
      expect((await synced({ cursor: refused })).blocks[0]?.fields[0]).toEqual(['id', 'none']);
    }
  });

  it('spreads the times to come back over one to five seconds', async () => {
    const retries = (await Promise.all(Array.from({ length: 12 }, () => synced()))).map((probe) => probe.retry ?? 0);
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...retries)).toBeLessThanOrEqual(5000);
    expect(new Set(retries).size).toBeGreaterThan(1);
  });

  it('gives every message one id line and one data line, and no event line', async () => {
    const probe = await synced();
    await stage.edit('a', { status: 'enabled' });
    await stage.set([
      { flag: 'a', status: 'disabled' },
      { flag: 'b', status: 'enabled' },
    ]);
    await probe.waitForCursor(await stage.archive('x.1'), PATIENCE_MS);
    await probe.waitFor(({ type }) => type === 'Heartbeat', PATIENCE_MS, probe.messages.length);
    const messages = '(: ping\\n\\n|id: [a-z0-9.]+\\ndata: \\{[^\\r\\n]*\\}\\n\\n)*';
    expect(probe.raw).toMatch(new RegExp(`^\\n*id: none\\nretry: \\d+\\n\\n${messages}$`));
    probe.assertInOrder();
  });

  it('carries texts with every kind of line break unharmed', async () => {
    const name = 'separators\u2028and\u2029🚩';
    await stage.create('odd', { name, description: DESCRIPTION });
    const probe = await synced();
    const description = `${DESCRIPTION}\n\n\ndata: again`;
    await probe.waitForCursor(await stage.patch('odd', { description }), PATIENCE_MS);
    const seen = probe.messages.flatMap(({ data }) => ('description' in data && data.id === 'odd' ? [data] : []));
    expect(seen.map((flag) => [flag.name, flag.description])).toEqual([
      [name, DESCRIPTION],
      [name, description],
    ]);
    expect(probe.raw).not.toContain('\r');
    probe.assertInOrder();
  });

  it('takes the header before the parameter, which a browser repeats for ever', async () => {
    const { cursor } = (await synced()).checker;
    expect(await modeOf('last_event_id=none', { 'Last-Event-ID': cursor })).toBe('delta');
    expect(await modeOf(`last_event_id=${cursor}`, { 'Last-Event-ID': 'nonsense' })).toBe('full');
    expect(await modeOf(`last_event_id=${cursor}`)).toBe('delta');
  });

  it('takes an empty header for none', async () => {
    const { cursor } = (await synced()).checker;
    expect(await modeOf(`last_event_id=${cursor}`, { 'Last-Event-ID': '' })).toBe('delta');
    expect(await modeOf('last_event_id=', { 'Last-Event-ID': '' })).toBe('full');
  });

  it('joins repeated lists of flags', async () => {
    const url = `${server.url}/sdk/stream?flags=b&flags=x.*%2Cnone-such`;
    const probe = await connect({ url });
    await probe.waitFor(({ type }) => type === 'SyncComplete', PATIENCE_MS);
    const sent = probe.messages.flatMap(({ type, data }) => (type === 'FlagUpdated' && 'id' in data ? [data.id] : []));
    expect(sent).toEqual(['b', 'x.1']);
    expect(probe.cursor).toContain(`.${filterHash(['b', 'none-such', 'x.*'])}`);
  });

  it('sends pings, and heartbeats with the cursor', async () => {
    const probe = await synced();
    const heartbeats = () => probe.messages.flatMap((message) => (message.type === 'Heartbeat' ? [message] : []));
    await eventually(() => heartbeats().length >= 2, { timeoutMs: PATIENCE_MS, what: 'two heartbeats' });
    await eventually(() => probe.comments.length >= 2, { timeoutMs: PATIENCE_MS, what: 'two pings' });
    expect(new Set(probe.comments)).toEqual(new Set([' ping']));
    expect(heartbeats().map(({ id }) => id)).toEqual(heartbeats().map(() => probe.checker.cursor));
    const off = heartbeats().map(({ data }) => Math.abs(data.timestamp - Date.now() / 1000));
    expect(Math.max(...off)).toBeLessThan(60);
    expect(heartbeats().every(({ data }) => Number.isSafeInteger(data.timestamp) && Number.isSafeInteger(data.age_ms))).toBe(
      true,
    );
    probe.assertInOrder();
  });

  it('lets a filtered connection advance by its heartbeats', async () => {
    const probe = await synced({ flags: ['a'] });
    const cursors = await stage.toggle('b', 3);
    const goal = `${cursors[2]}.${filterHash(['a'])}`;
    const advanced = await probe.waitFor(({ id }) => id === goal, PATIENCE_MS);
    expect(advanced.type).toBe('Heartbeat');
    const resumed = await probe.reconnect();
    await resumed.waitForSync(PATIENCE_MS);
    expect(resumed.messages.slice(0, 2).map(({ type, id }) => [type, id])).toEqual([
      ['SyncStarted', goal],
      ['SyncComplete', goal],
    ]);
    await resumed.close();
    expect(probe.applied).toEqual([]);
  });

  it('gives the initial sync to whoever asked for it, and to nobody else', async () => {
    const probe = await synced();
    const before = probe.messages.length;
    const [left, cold] = [await synced({ cursor: 'nonsense' }), await synced()];
    const cursor = await stage.edit('a', { status: 'enabled' });
    for (const each of [probe, left, cold, await synced({ cursor })]) await each.waitForCursor(cursor, PATIENCE_MS);
    const since = probe.messages.slice(before).filter(({ type }) => type !== 'Heartbeat');
    expect(since.map(({ type, id }) => [type, id])).toEqual([['FlagStatusChanged', cursor]]);
  });

  it('puts no heartbeat and no ping into a sync or a change set, however slowly they are read', async () => {
    // More in all than the kernel takes on behalf of somebody who does not read.
    const many = Array.from({ length: 100 }, (_, index) => `large-${index}`);
    const variants = { on: 'x'.repeat(64_000), off: 'y' };
    for (const flag of many) await stage.create(flag, { value_type: 'string', variants });
    const [lively, slow] = [await synced(), await connect()];
    slow.pause();
    const heartbeats = (from: number) => lively.waitFor(({ type }) => type === 'Heartbeat', PATIENCE_MS, from);
    for (let seen = 0; seen < 3; seen += 1) await heartbeats(lively.messages.length);
    expect(slow.checker.syncs).toBe(0);
    slow.resume();
    await slow.waitForSync(PATIENCE_MS);

    slow.pause();
    const cursor = await stage.set(many.map((flag) => ({ flag, default_variant: 'on' })));
    await lively.waitForCursor(cursor, PATIENCE_MS);
    for (let seen = 0; seen < 3; seen += 1) await heartbeats(lively.messages.length);
    expect(slow.checker.cursor).not.toBe(cursor);
    slow.resume();
    await slow.waitForCursor(cursor, PATIENCE_MS);
    expect(slow.applied.map(({ events }) => events.length)).toEqual([many.length]);
    for (const probe of [lively, slow]) probe.assertInOrder();
    expect(slow.raw.split(/^id: (?!none$)/m)[0]).not.toContain(': ping');
  });
});
