import { afterAll, beforeEach, expect, describe, it } from '@jest/globals';
import pg from 'pg';
import { RawStream } from '../e2e/support/raw-stream.js';
import { freshDatabase } from '../support/fresh-database.js';
import { httpRequest } from '../support/http-request.js';
import { poll, type DeltaBody } from '../support/poll-client.js';
import { RawHttp } from '../support/raw-http.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { crowd, doors, ENDS, endsOf } from './support/crowd.js';

const DRAIN_S = 2;
/** Of all transports together. */
const CONNECTIONS = 510;
const POLLS = 20;
/** Beyond the drain itself: to answer who waits, and to close. */
const REST_S = 5;

const streams = ({ url }: TestServer, key: string, count: number) => crowd(count, 'SSE', { url, key });

/** Toggles the flag again and again; the cursor after that. */
async function changes({ admin }: TestServer, count: number): Promise<string> {
  let cursor = '';
  for (let change = 0; change < count; change += 1) {
    const status = change % 2 === 0 ? 'enabled' : 'disabled';
    cursor = (await admin.patchEnv('one', 'production', { status })).cursors['production'] ?? '';
  }
  return cursor;
}

function report(what: string, ms: number): void {
  process.stderr.write(`${what} after ${Math.round(ms)} ms (promised: ${(DRAIN_S + REST_S) * 1000})\n`);
}

describeEachDatabase('a node that is told to stop', (database) => {
  const start = useServers();
  let server: TestServer;
  let key: string;

  beforeEach(async () => {
    server = await start({ database, env: { FLAGWIRE_DRAIN_S: String(DRAIN_S) } });
    await server.admin.createFlag('one');
    key = (await server.admin.createKey('production')).key;
  });

  it('sends everybody away one after the other, answers who waits, and ends in time', async () => {
    const crowds = await Promise.all(doors.map((door) => crowd(CONNECTIONS / doors.length, door, { url: server.url, key })));
    const probes = crowds.flat();
    // Where nothing changes: what they are answered is that the node stops.
    await server.admin.createEnvironment('quiet');
    const quiet = { url: server.url, key: (await server.admin.createKey('quiet')).key };
    const whole = await poll(quiet);
    const { etag, cursor } = whole.json() as DeltaBody & { etag: string };
    const waiting = Array.from({ length: POLLS / 2 }, () => [
      poll({ ...quiet, query: { wait: '50' }, headers: { 'If-None-Match': etag } }),
      poll({ ...quiet, query: { wait: '50', since: cursor } }),
    ]).flat();
    await httpRequest(`${server.url}/health/live`); // the polls have been read before this is
    const goodbyes: number[] = [];
    const ends = probes.map((probe) => probe.closed.then(() => goodbyes.push(performance.now())));

    const last = await changes(server, 20);
    const from = performance.now();
    const ending = server.stop();
    await eventually(async () => expect((await httpRequest(`${server.url}/health/ready`)).status).toBe(503));
    expect(probes.some((probe) => probe.isOpen)).toBe(true);
    const late = await SseProbe.connect({ url: server.url, key });
    expect(await late.closed).toEqual({ by: 'server' });
    expect(late.goodbye).toEqual({ reason: 'shutdown', retry_after_ms: late.retry });

    const told = await Promise.all(crowds.map(endsOf));
    await Promise.all(ends);
    const end = await ending;
    const took = performance.now() - from;
    report(`${database}: ended`, took);
    expect(end).toEqual({ code: 0, signal: null });
    expect(took).toBeLessThan((DRAIN_S + REST_S) * 1000);

    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map((_, index) => [304, 200][index % 2]));
    for (const [index, door] of doors.entries()) {
      const forms = told[index]?.map(({ reason, how }) => [reason, how]);
      expect(forms).toEqual(forms?.map(() => ['shutdown', ENDS[door].forNow]));
    }
    // Everything that was committed before has arrived, and the cursor says so.
    expect(new Set(probes.map((probe) => probe.cursor))).toEqual(new Set([last]));
    const retries = told.flat().map(({ retryAfterMs }) => retryAfterMs ?? 0);
    expect([Math.min(...retries) >= 1000, Math.max(...retries) <= 5000]).toEqual([true, true]);
    // Jittered: as good as all of them differ, and both halves of the range are used.
    expect(new Set(retries).size).toBeGreaterThan(CONNECTIONS / 2);
    expect([retries.some((ms) => ms < 2500), retries.some((ms) => ms > 3500)]).toEqual([true, true]);
    // Spread over the drain, not all in one turn.
    const tenths = new Set(goodbyes.map((at) => Math.floor(((at - from) / (DRAIN_S * 1000)) * 10)));
    expect(tenths.size).toBeGreaterThanOrEqual(5);
  });

  it('gives its last words to a client that does not read before the process has ended', async () => {
    const flags = Array.from({ length: 40 }, (_, index) => `big-${index}`);
    for (const id of flags) await server.admin.createFlag(id, { description: 'x'.repeat(4000) });
    const slow = new RawStream(await RawHttp.connect({ port: server.port }));
    await slow.open({ path: '/sdk/stream', headers: { 'X-API-Key': key } });
    await slow.sync();
    slow.client.pause();
    for (const id of flags) await server.admin.patchFlag(id, { description: 'y'.repeat(4000) });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    slow.client.resume();
    expect(await slow.readToEnd()).toMatchObject({ type: 'Goodbye', data: { reason: 'shutdown' } });
    expect(slow.checker.state.size).toBe(flags.length + 1);
    slow.assertInOrder();
  });

  it('gives the rest of a long answer to a client that has not read it yet', async () => {
    const long = { state: 'ENABLED', variants: { on: 'x'.repeat(30_000), off: '' }, defaultVariant: 'on' };
    const flags = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`long-${index}`, long]));
    await server.admin.import({ flags }, '?format=flagd&environment=production');
    const client = await RawHttp.connect({ port: server.port, paused: true });
    await client.request({ path: '/sdk/poll', headers: { 'X-API-Key': key } });
    // Asked later and answered: so much of the first as the kernel takes has left.
    const whole = await poll({ url: server.url, key });
    const ending = server.stop();
    const isRefused = () =>
      RawHttp.connect({ port: server.port }).then(
        (other) => (other.destroy(), false),
        () => true,
      );
    await eventually(isRefused, { what: 'no new connection' });
    client.resume();
    await client.readHead();
    expect((await client.readBody()).equals(whole.bytes)).toBe(true);
    expect(await ending).toEqual({ code: 0, signal: null });
  });

  it('ends at once where nobody is there', async () => {
    const from = performance.now();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    report(`${database}: ended without clients`, performance.now() - from);
    expect(performance.now() - from).toBeLessThan((DRAIN_S + REST_S) * 1000);
  });
});

describeEachDatabase('a node that is to serve on for a while after it was told to stop', (database) => {
  const DELAY_S = 2;
  const start = useServers();

  it('is not ready, takes connections and writes as ever, and says goodbye only then', async () => {
    const server = await start({ database, env: { FLAGWIRE_DRAIN_DELAY_S: String(DELAY_S), FLAGWIRE_DRAIN_S: '1' } });
    const { key } = await server.admin.createKey('production');
    const [early] = await streams(server, key, 1);
    const from = performance.now();
    const ending = server.stop();
    const ready = () => httpRequest(`${server.url}/health/ready`);
    await eventually(async () =>
      expect([(await ready()).status, (await ready()).json()]).toMatchObject([503, { status: 'draining' }]),
    );
    server.signal('SIGTERM'); // a second one shortens nothing
    const late = await SseProbe.connect({ url: server.url, key });
    await late.waitForSync();
    await server.admin.createFlag('made-meanwhile');
    const polled = (await poll({ url: server.url, key })).json() as { flags: { id: string }[] };
    expect(polled.flags.map(({ id }) => id)).toEqual(['made-meanwhile']);
    for (const probe of [early, late]) await probe?.waitForState((state) => state.has('made-meanwhile'));
    // The sentence means nothing unless all of this was inside of the delay.
    expect(performance.now() - from).toBeLessThan(DELAY_S * 1000);
    const waiting = poll({ url: server.url, key, query: { wait: '50', since: late.cursor } });

    await late.closed;
    const goodbye = performance.now() - from;
    expect(await ending).toEqual({ code: 0, signal: null });
    const took = performance.now() - from;
    process.stderr.write(`${database}: goodbye after ${Math.round(goodbye)} ms, ended after ${Math.round(took)} ms\n`);
    expect(goodbye).toBeGreaterThanOrEqual(DELAY_S * 1000 - 50);
    expect(took).toBeLessThan((DELAY_S + 1 + REST_S) * 1000);
    expect([early?.goodbye?.reason, late.goodbye?.reason]).toEqual(['shutdown', 'shutdown']);
    expect((await waiting).status).toBe(200);
  });
});

describe('a node that is told to stop while a write is under way', () => {
  const start = useServers();

  it('finishes and answers it', async () => {
    const server = await start({ database: 'postgres', env: { FLAGWIRE_DRAIN_S: '1' } });
    await server.admin.createFlag('one');
    const { key } = await server.admin.createKey('production');
    const probes = await streams(server, key, 20);
    const other = new pg.Client({ connectionString: server.databaseUrl });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT 1 FROM environment_head FOR UPDATE');
      const edit = server.admin.patchEnv('one', 'production', { status: 'enabled' });
      const blocked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
      await eventually(async () => (await other.query(blocked)).rows.length > 0, { what: 'the write waits for the lock' });
      const from = performance.now();
      const ending = server.stop();
      await Promise.all(probes.map((probe) => probe.closed)); // everybody is gone, but the writer
      await other.query('COMMIT');
      const { status, body } = await edit;
      expect([status, body.status]).toEqual([200, 'enabled']);
      expect(await ending).toEqual({ code: 0, signal: null });
      report('a write under way: ended', performance.now() - from);
      expect(performance.now() - from).toBeLessThan((1 + REST_S) * 1000);
      expect((await other.query(`SELECT revision FROM change WHERE events LIKE '%FlagStatusChanged%'`)).rows).toHaveLength(1);
    } finally {
      await other.end();
    }
  });
});

describe('a node that is told to stop while its database is silent', () => {
  const start = useServers();
  let proxy: TcpProxy;
  afterAll(() => proxy?.stop());

  it('says goodbye to everybody and ends in time', async () => {
    const fresh = await freshDatabase('drain');
    proxy = await TcpProxy.start(fresh.url);
    const server = await start({ database: proxy.through(fresh.url), env: { FLAGWIRE_DRAIN_S: String(DRAIN_S) } });
    const { key } = await server.admin.createKey('production');
    const probes = await streams(server, key, 20);
    proxy.hold();
    const from = performance.now();
    const end = await server.stop();
    const took = performance.now() - from;
    report('silent database: ended', took);
    expect(probes.map(({ goodbye }) => goodbye?.reason)).toEqual(probes.map(() => 'shutdown'));
    expect(end).toEqual({ code: 0, signal: null });
    expect(took).toBeLessThan((DRAIN_S + REST_S) * 1000);
  });

  it('ends in time before its database has ever come', async () => {
    const fresh = await freshDatabase('never');
    const silent = await TcpProxy.start(fresh.url);
    silent.hold();
    try {
      const server = await start({ database: silent.through(fresh.url), until: 'live', env: { FLAGWIRE_DRAIN_S: '0' } });
      const from = performance.now();
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      report('no database yet: ended', performance.now() - from);
      expect(performance.now() - from).toBeLessThan((DRAIN_S + REST_S) * 1000);
    } finally {
      await silent.stop();
    }
  });
});
