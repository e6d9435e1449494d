import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parseCursor } from '../support/cursor.js';
import { freshDatabase } from '../support/fresh-database.js';
import { EtagPoller, poll, SincePoller, type DeltaBody } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe, type SseOptions } from '../support/sse-client.js';
import { listensToPostgres, TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { StreamFollower } from './follower.js';
import { metric } from './metric.js';

const PATIENCE_MS = 20_000;
/** Three processes start at once, perhaps on a machine that is busy. */
const START_MS = 90_000;
const CLIENT_PATIENCE_MS = 10_000;
const DISABLED = { status: 'disabled' } as const;
const ENABLED = { status: 'enabled' } as const;

/** Node A speaks to PostgreSQL directly; node B through a proxy, and listens through another one. */
describe('two nodes on one PostgreSQL', () => {
  const start = useServers();
  let a: TestServer;
  let b: TestServer;
  let toDatabase: TcpProxy;
  let toListen: TcpProxy;
  let key: string;
  const probes: SseProbe[] = [];

  async function stream(node: TestServer, options: Partial<SseOptions> = {}): Promise<SseProbe> {
    const probe = await SseProbe.connect({ url: node.url, key, ...options });
    probes.push(probe);
    return probe;
  }

  async function synced(node: TestServer, options: Partial<SseOptions> = {}): Promise<SseProbe> {
    const probe = await stream(node, options);
    await probe.waitForSync(PATIENCE_MS);
    return probe;
  }

  let on = false;
  /** A change on the node; its cursor. */
  async function change(node: TestServer): Promise<string> {
    on = !on;
    return (await node.admin.patchEnv('one', 'production', on ? ENABLED : DISABLED)).cursors['production'] ?? '';
  }

  beforeAll(async () => {
    a = await start({ database: 'postgres' });
    toDatabase = await TcpProxy.start(a.databaseUrl);
    toListen = await TcpProxy.start(a.databaseUrl);
    const listenUrl = toListen.through(a.databaseUrl);
    const env = { DATABASE_LISTEN_URL: listenUrl, FLAGWIRE_PING_S: '0.5' };
    b = await start({ database: toDatabase.through(a.databaseUrl), env });
    await a.admin.createFlag('one');
    await a.admin.createFlag('two');
    key = (await a.admin.createKey('production')).key;
  });
  afterEach(async () => {
    toDatabase.release();
    toListen.stopDropping();
    for (const probe of probes.splice(0)) await probe.close();
  });
  afterAll(async () => {
    await toDatabase?.stop();
    await toListen?.stop();
  });

  it('takes a write on one to the clients of the other, both ways', async () => {
    const [onA, onB] = [await synced(a), await synced(b)];
    const poller = new SincePoller({ url: b.url, key });
    await poller.poll();
    const waiting = poller.poll({ wait: 20 });
    for (const cursor of [await change(a), await change(b), await change(a)]) {
      await onA.waitForCursor(cursor, PATIENCE_MS);
      await onB.waitForCursor(cursor, PATIENCE_MS);
    }
    expect((await waiting).mode).toBe('delta');
    await poller.poll();
    expect([onA.state, onB.state, poller.state]).toEqual([onB.state, poller.state, onA.state]);
    for (const client of [onA, onB, poller]) client.assertInOrder();
  });

  it('is woken up by the other node, and reads the log anyway where wake-ups are lost', async () => {
    const onB = await synced(b);
    const before = await metric(b, 'flagwire_wake_ups_total');
    await onB.waitForCursor(await change(a), PATIENCE_MS);
    await eventually(async () => expect(await metric(b, 'flagwire_wake_ups_total')).toBeGreaterThan(before));

    toListen.dropServerBytes(listensToPostgres);
    const heard = await metric(b, 'flagwire_wake_ups_total');
    for (let round = 0; round < 5; round += 1) await onB.waitForCursor(await change(a), PATIENCE_MS);
    expect(await metric(b, 'flagwire_wake_ups_total')).toBe(heard);
    expect(toListen.connections.filter(listensToPostgres).map(({ toClient }) => toClient.dropped > 0)).toEqual([true]);
    onB.assertInOrder();
    toListen.stopDropping();
    expect(toListen.resetAll()).toBeGreaterThan(0);
  });

  it('listens again after its listening connection broke, and has missed nothing', async () => {
    const onB = await synced(b);
    await eventually(async () => expect(await metric(b, 'flagwire_listener_connected')).toBe(1), { timeoutMs: PATIENCE_MS });
    toListen.refuse();
    expect(toListen.resetAll(listensToPostgres)).toBe(1);
    await eventually(async () => expect(await metric(b, 'flagwire_listener_connected')).toBe(0), { timeoutMs: PATIENCE_MS });
    const ready = await b.admin.as(null).request('GET', '/health/ready');
    expect([ready.status, ready.body]).toEqual([200, expect.objectContaining({ status: 'degraded', listener: 'disconnected' })]);
    await onB.waitForCursor(await change(a), PATIENCE_MS);

    await toListen.accept();
    await eventually(async () => expect(await metric(b, 'flagwire_listener_connected')).toBe(1), { timeoutMs: PATIENCE_MS });
    const before = await metric(b, 'flagwire_wake_ups_total');
    await onB.waitForCursor(await change(a), PATIENCE_MS);
    await eventually(async () => expect(await metric(b, 'flagwire_wake_ups_total')).toBeGreaterThan(before));
    onB.assertInOrder();
  });

  it('lets a client move between nodes with its cursor, without a gap', async () => {
    const follower = new StreamFollower({ url: a.url, key }, [a.url, b.url]);
    await eventually(() => follower.cursor !== 'none', { timeoutMs: PATIENCE_MS });
    const beforeMoves = parseCursor(follower.cursor)?.revision ?? 0;
    let cursor = '';
    for (let move = 0; move < 10; move += 1) {
      cursor = await change(move % 3 === 0 ? b : a);
      await follower.move();
    }
    await eventually(() => follower.cursor === cursor, { timeoutMs: PATIENCE_MS, what: `the cursor ${cursor}` });
    const applied = follower.applied.map((set) => parseCursor(set.cursor)?.revision);
    await follower.stop();
    expect(applied).toEqual(Array.from({ length: 10 }, (_, index) => beforeMoves + index + 1));
    expect([follower.faults, follower.syncs.full]).toEqual([[], 1]);
  });

  it('answers nobody with less than the cursor that was presented, until it can read the log', async () => {
    const onA = await synced(a);
    const tag = new EtagPoller({ url: a.url, key });
    await synced(b); // the key is known there
    toDatabase.hold();
    const cursor = await change(a);
    await onA.waitForCursor(cursor, PATIENCE_MS);
    await tag.poll();
    expect(tag.cursor).toBe(cursor);

    const early = await stream(b, { cursor, state: onA.state });
    // The node waits for the log for up to 2 s; a client's own patience is longer than that, but not without end.
    const delta = poll({ url: b.url, key, query: { since: cursor } }, CLIENT_PATIENCE_MS);
    const whole = poll({ url: b.url, key, headers: { 'If-None-Match': tag.etag ?? '' } }, CLIENT_PATIENCE_MS);
    const statuses = Promise.all([delta, whole].map(async (answer) => (await answer).status));
    statuses.catch(() => undefined); // awaited below
    await eventually(() => early.comments.some((comment) => comment.includes('ping')), {
      timeoutMs: PATIENCE_MS,
      what: 'a ping',
    });
    expect([early.isOpen, early.messages]).toEqual([true, []]);
    expect(await statuses).toEqual([503, 503]);
    expect([early.isOpen, early.messages]).toEqual([true, []]);

    toDatabase.release();
    await early.waitForSync(PATIENCE_MS);
    expect([early.checker.cursor, early.state]).toEqual([cursor, onA.state]);
    early.assertInOrder();
    await eventually(async () => {
      const answer = await poll({ url: b.url, key, headers: { 'If-None-Match': tag.etag ?? '' } });
      expect(answer.status).toBe(304);
    });
  });

  it('gives a full sync to a cursor that the database itself has not reached', async () => {
    const { cursor } = (await poll({ url: b.url, key })).json() as DeltaBody;
    const [epoch, revision, mark] = cursor.split('.');
    const ahead = `${epoch}.${Number(revision) + 3}.${mark}`;
    const probe = await synced(b, { cursor: ahead, mayGoBack: true });
    expect(probe.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'full' } });
    expect(probe.checker.cursor).toBe(cursor);
    const delta = (await poll({ url: b.url, key, query: { since: ahead } })).json() as DeltaBody;
    expect([delta.mode, delta.cursor]).toEqual(['full', cursor]);
    const whole = await poll({ url: b.url, key, headers: { 'If-None-Match': `W/"${ahead}"` } });
    expect([whole.status, whole.header('etag')]).toEqual([200, `W/"${cursor}"`]);
  });
});

describe('nodes that start together on an empty PostgreSQL', () => {
  const start = useServers();

  it(
    'migrate once and set up once',
    async () => {
      const fresh = await freshDatabase('together');
      const env = { NODE_ENV: 'development', FLAGWIRE_ADMIN_TOKEN: undefined };
      const nodes = await Promise.all([1, 2, 3].map(() => start({ database: fresh.url, env, timeoutMs: START_MS })));
      const [projects, environments, flags, tokens, keys] = await Promise.all(
        ['project', 'environment', 'flag', 'admin_token', 'sdk_key'].map((table) => fresh.query(`SELECT * FROM ${table}`)),
      );
      expect([projects, environments, flags, tokens, keys].map((rows) => rows?.length)).toEqual([1, 3, 1, 1, 2]);
      expect(nodes.filter((node) => /Migrated:/.test(node.stdout()))).toHaveLength(1);
      const welcomed = nodes.filter((node) => /shown only this once/.test(node.stdout()));
      expect(welcomed).toHaveLength(1);
      const token = /fw_adm_\w+/.exec(welcomed[0]?.stdout() ?? '')?.[0] ?? '';
      const answers = nodes.map((node) => node.admin.as(token).getFlag('welcome'));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
    },
    2 * START_MS,
  );
});
