import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type CreatedKey } from '../support/admin-client.js';
import { type SdkRequest } from '../support/credentials.js';
import { httpRequest } from '../support/http-request.js';
import { poll, type PollBody } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe, SseRefused, type SseOptions } from '../support/sse-client.js';
import { type SyncProbe } from '../support/sync-probe.js';
import { listensToPostgres, TcpProxy } from '../support/tcp-proxy.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { within } from '../support/wait.js';
import { crowd, doors, ENDS, endsOf } from './support/crowd.js';

/** Protocol section 7: connections of a dead key are closed within a second of the commit, on every node. */
const DEADLINE_MS = 1000;
const STREAMS = 5;
/** Of each transport and node, where many are open. */
const CROWD = 200;
const REVOKED = { reason: 'key_revoked', retry_after_ms: null };
const EXPIRED = { reason: 'key_expired', retry_after_ms: null };

describeEachDatabase('what a dead key leaves open', (database) => {
  const start = useServers();
  let nodes: TestServer[];
  let wakeUps: TcpProxy | undefined;
  let key: CreatedKey;
  const probes: SyncProbe[] = [];

  const admin = () => (nodes[0] as TestServer).admin;
  /** The nodes on which somebody may revoke a key, by name. */
  const places = database === 'sqlite' ? [0] : [0, 1];

  async function open(options: Pick<SseOptions, 'key'> | Pick<SseOptions, 'ticket'>): Promise<void> {
    for (const { url } of nodes) {
      for (let count = 0; count < STREAMS; count += 1) probes.push(await SseProbe.connect({ url, ...options }));
    }
    for (const probe of probes) await probe.waitForSync(20_000);
  }

  /** The statuses of long polls that wait on every node, once each has ended. */
  async function longPolls(count = 1): Promise<{ statuses: Promise<number[]> }> {
    const waiting = nodes.map(async ({ url }) => {
      const { etag, cursor } = (await poll({ url, key: key.key })).json() as PollBody;
      const waits: Pick<SdkRequest, 'headers' | 'query'>[] = [
        { headers: { 'If-None-Match': etag } },
        { query: { since: cursor } },
      ];
      return Array.from({ length: count }, (_, index): SdkRequest => ({ url, ...waits[index % waits.length] }));
    });
    const requests = (await Promise.all(waiting)).flat();
    const answers = requests.map((request) => poll({ ...request, key: key.key, query: { ...request.query, wait: '50' } }));
    // On their way to the nodes before anything else happens.
    for (const { url } of nodes) await httpRequest(`${url}/health/live`);
    return { statuses: Promise.all(answers).then((all) => all.map(({ status }) => status)) };
  }

  /** Waits until all streams are closed. Gives how long that took, by the last of them. */
  async function closing(from: number): Promise<number> {
    const ends = await within(Promise.all(probes.map((probe) => probe.closed)), 15_000, 'the end of the streams');
    expect(ends.map(({ by }) => by)).toEqual(ends.map(() => 'server'));
    return performance.now() - from;
  }

  function expectInTime(what: string, tookMs: number): void {
    process.stderr.write(`${database}: ${what} after ${Math.round(tookMs)} ms (promised: ${DEADLINE_MS})\n`);
    expect(tookMs).toBeLessThan(DEADLINE_MS);
  }

  async function expectRefused(options: Pick<SseOptions, 'key'> | Pick<SseOptions, 'ticket'>): Promise<void> {
    for (const { url } of nodes) {
      await expect(SseProbe.connect({ url, ...options })).rejects.toThrow(SseRefused);
      await expect(SseProbe.connect({ url, ...options })).rejects.toMatchObject({ status: 401 });
    }
  }

  beforeAll(async () => {
    const one = await start({ database });
    nodes = [one];
    if (database === 'postgres') {
      wakeUps = await TcpProxy.start(one.databaseUrl);
      const env = { DATABASE_LISTEN_URL: wakeUps.through(one.databaseUrl) };
      nodes.push(await start({ database: one.databaseUrl, env }));
    }
    await admin().createFlag('one');
  });
  beforeEach(async () => {
    key = await admin().createKey('production');
  });
  afterEach(async () => {
    for (const probe of probes.splice(0)) await probe.close();
    wakeUps?.stopDropping();
  });
  afterAll(() => wakeUps?.stop());

  it('ends within a second of its revocation, streams and long polls, on every node', async () => {
    await open({ key: key.key });
    const polls = await longPolls();
    await admin().revokeKey('production', key.id);
    const from = performance.now();
    const took = await closing(from);
    expect(await within(polls.statuses, 15_000, 'the end of the long polls')).toEqual(nodes.map(() => 401));
    const all = performance.now() - from;
    expect(probes.map(({ goodbye }) => goodbye)).toEqual(probes.map(() => REVOKED));
    for (const probe of probes) probe.assertInOrder();
    expectInTime('revoked streams closed', took);
    expectInTime('revoked long polls answered', all);
    await expectRefused({ key: key.key });
  });

  it.each(doors)('is ended within a second for hundreds on %s, whichever node is told', async (door) => {
    for (const place of places) {
      const doomed = await admin().createKey('production');
      for (const { url } of nodes) probes.push(...(await crowd(CROWD, door, { url, key: doomed.key })));
      const asked = performance.now();
      await nodes[place]?.admin.revokeKey('production', doomed.id);
      const from = performance.now();
      const took = await closing(from);
      const end = { reason: 'key_revoked', retryAfterMs: null, how: ENDS[door].forGood };
      expect(await endsOf(probes)).toEqual(probes.map(() => end));
      const since = `${Math.round(from - asked + took)} ms after it was asked for`;
      expectInTime(`${probes.length} of ${door} closed, revoked on node ${place + 1} (${since}),`, took);
      probes.length = 0;
    }
  });

  it('is ended within a second for hundreds of long polls, whichever node is told', async () => {
    for (const place of places) {
      key = await admin().createKey('production');
      const polls = await longPolls(CROWD);
      await nodes[place]?.admin.revokeKey('production', key.id);
      const from = performance.now();
      const statuses = await within(polls.statuses, 15_000, 'the end of the long polls');
      const took = performance.now() - from;
      expect(statuses).toEqual(statuses.map(() => 401));
      expect(statuses).toHaveLength(CROWD * nodes.length);
      expectInTime(`${statuses.length} long polls answered, revoked on node ${place + 1},`, took);
    }
  });

  it('ends within a second of its revocation where no wake-up arrives', async () => {
    wakeUps?.dropServerBytes(listensToPostgres);
    await open({ key: key.key });
    await admin().revokeKey('production', key.id);
    const took = await closing(performance.now());
    expect(probes.map(({ goodbye }) => goodbye)).toEqual(probes.map(() => REVOKED));
    expectInTime('revoked streams closed without wake-ups', took);
    wakeUps?.stopDropping();
    wakeUps?.resetAll();
  });

  it('ends with its environment within a second', async () => {
    await admin().createEnvironment('short-lived');
    key = await admin().createKey('short-lived');
    await open({ key: key.key });
    await admin().deleteEnvironment('short-lived');
    const took = await closing(performance.now());
    const gone = { reason: 'environment_deleted', retry_after_ms: null };
    expect(probes.map(({ goodbye }) => goodbye)).toEqual(probes.map(() => gone));
    expectInTime('streams of a deleted environment closed', took);
  });

  it('ends within a second of its expiry', async () => {
    const expiry = Date.now() + 8000;
    key = await admin().createKey('production', 'server', { expires_at: new Date(expiry).toISOString() });
    await open({ key: key.key });
    const polls = await longPolls();
    expect(probes.map((probe) => probe.isOpen)).toEqual(probes.map(() => true));
    await closing(0);
    expect(probes.map(({ goodbye }) => goodbye)).toEqual(probes.map(() => EXPIRED));
    expect(await polls.statuses).toEqual(nodes.map(() => 401));
    const ended = Date.now();
    expect(ended).toBeGreaterThanOrEqual(expiry);
    expectInTime('expired connections closed', ended - expiry);
    await expectRefused({ key: key.key });
  });

  it('goes on for the grace of a rotation, and ends within a second of its end', async () => {
    await open({ key: key.key });
    const grace = 2;
    const rotated = await admin().rotateKey('production', key.id, grace);
    // The grace begins with the commit, which is a moment before the answer.
    const answered = performance.now();
    const fresh = await Promise.all(nodes.map(({ url }) => SseProbe.connect({ url, key: rotated.key })));
    for (const probe of fresh) await probe.waitForSync(20_000);
    for (const { url } of nodes) expect((await poll({ url, key: key.key })).status).toBe(200);
    expect(probes.map((probe) => probe.isOpen)).toEqual(probes.map(() => true));
    const took = (await closing(answered)) - grace * 1000;
    expect(probes.map(({ goodbye }) => goodbye)).toEqual(probes.map(() => EXPIRED));
    expect(fresh.map((probe) => probe.isOpen)).toEqual(fresh.map(() => true));
    expectInTime('streams of a rotated key closed', took);
    probes.push(...fresh);
    await expectRefused({ key: key.key });
  });

  it('is ended for tickets too', async () => {
    const answer = await httpRequest(`${nodes[0]?.url}/sdk/ticket`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key.key}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    const { ticket } = answer.json() as { ticket: string };
    await open({ ticket });
    await admin().revokeKey('production', key.id);
    const took = await closing(performance.now());
    expect(probes.map(({ goodbye }) => goodbye)).toEqual(probes.map(() => REVOKED));
    expectInTime('streams of a ticket closed', took);
    await expectRefused({ ticket });
  });
});
