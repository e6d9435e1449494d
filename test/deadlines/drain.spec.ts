import { afterAll, beforeEach, expect, describe, it } from '@jest/globals';
import { freshDatabase } from '../support/fresh-database.js';
import { httpRequest } from '../support/http-request.js';
import { poll, type DeltaBody } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually, within } from '../support/wait.js';

const DRAIN_S = 2;
const STREAMS = 200;
/** Beyond the drain itself: to answer who waits, and to close. */
const REST_S = 5;

async function streams(server: TestServer, key: string, count: number): Promise<SseProbe[]> {
  const probes: SseProbe[] = [];
  while (probes.length < count) {
    const some = Array.from({ length: 20 }, () => SseProbe.connect({ url: server.url, key }));
    probes.push(...(await Promise.all(some)));
  }
  for (const probe of probes) await probe.waitForSync(20_000);
  return probes;
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
    const probes = await streams(server, key, STREAMS);
    const whole = await poll({ url: server.url, key });
    const { etag, cursor } = whole.json() as DeltaBody & { etag: string };
    const waiting = [
      poll({ url: server.url, key, query: { wait: '50' }, headers: { 'If-None-Match': etag } }),
      poll({ url: server.url, key, query: { wait: '50', since: cursor } }),
    ];
    await httpRequest(`${server.url}/health/live`); // the polls have been read before this is
    const goodbyes: number[] = [];
    const ends = probes.map((probe) => probe.closed.then(() => goodbyes.push(performance.now())));

    const from = performance.now();
    const ending = server.stop();
    await eventually(async () => expect((await httpRequest(`${server.url}/health/ready`)).status).toBe(503));
    expect(probes.some((probe) => probe.isOpen)).toBe(true);
    const late = await SseProbe.connect({ url: server.url, key });
    expect(await late.closed).toEqual({ by: 'server' });
    expect(late.goodbye).toEqual({ reason: 'shutdown', retry_after_ms: late.retry });

    await within(Promise.all(ends), 20_000, 'the end of the streams');
    const end = await ending;
    const took = performance.now() - from;
    report(`${database}: ended`, took);
    expect(end).toEqual({ code: 0, signal: null });
    expect(took).toBeLessThan((DRAIN_S + REST_S) * 1000);

    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([304, 200]);
    expect(probes.map(({ goodbye }) => goodbye?.reason)).toEqual(probes.map(() => 'shutdown'));
    for (const probe of probes) probe.assertInOrder();
    const retries = probes.map(({ goodbye }) => goodbye?.retry_after_ms ?? 0);
    expect([Math.min(...retries) >= 1000, Math.max(...retries) <= 5000]).toEqual([true, true]);
    // Jittered: as good as all of them differ, and both halves of the range are used.
    expect(new Set(retries).size).toBeGreaterThan(STREAMS / 2);
    expect([retries.some((ms) => ms < 2500), retries.some((ms) => ms > 3500)]).toEqual([true, true]);
    // Spread over the drain, not all in one turn.
    const tenths = new Set(goodbyes.map((at) => Math.floor(((at - from) / (DRAIN_S * 1000)) * 10)));
    expect(tenths.size).toBeGreaterThanOrEqual(5);
  });

  it('ends at once where nobody is there', async () => {
    const from = performance.now();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    report(`${database}: ended without clients`, performance.now() - from);
    expect(performance.now() - from).toBeLessThan((DRAIN_S + REST_S) * 1000);
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
