import { once } from 'node:events';
import { request } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SseProbe } from '../support/sse-client.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';

const start = useServers();

const text = async (server: TestServer): Promise<string> => (await server.admin.call<string>('GET', '/metrics')).body;

/** The value of a series as /metrics writes it; 0 where it is not there yet. */
async function series(server: TestServer, name: string): Promise<number> {
  const line = (await text(server)).split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length) ?? 0);
}

const requests = (server: TestServer, method: string, route: string, status: string | number): Promise<number> =>
  series(server, `flagwire_http_requests_total{method="${method}",route="${route}",status="${status}"}`);
const timed = (server: TestServer, method: string, route: string): Promise<number> =>
  series(server, `flagwire_http_request_duration_seconds_count{method="${method}",route="${route}"}`);

describe('HTTP in the metrics', () => {
  let server: TestServer;
  let key: string;
  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('production'));
  });

  it('is counted by the pattern of the route and the status, whatever stands in the path', async () => {
    await server.admin.createFlag('a');
    for (const flag of ['a', 'b', 'c']) await server.admin.request('GET', `/api/projects/default/flags/${flag}`);
    const route = '/api/projects/:project/flags/:flag';
    await eventually(async () => expect(await requests(server, 'GET', route, 404)).toBe(2));
    expect([await requests(server, 'GET', route, 200), await timed(server, 'GET', route)]).toEqual([1, 3]);
  });

  it('has one line for all that no route knows', async () => {
    const before = await requests(server, 'GET', 'other', 404);
    for (const path of ['/nowhere', '/wp-login.php', '/api/flags']) await httpRequest(server.url + path);
    for (const method of ['PUT', 'REPORT']) await httpRequest(`${server.url}/nowhere`, { method });
    await eventually(async () => expect(await requests(server, 'GET', 'other', 404)).toBe(before + 3));
    expect(await requests(server, 'other', 'other', 404)).toBe(2);
    expect(await text(server)).not.toMatch(/nowhere|wp-login|REPORT/);
  });

  it('counts streams when they end and long polls, and times neither', async () => {
    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync();
    expect(await requests(server, 'GET', '/sdk/stream', 200)).toBe(0);
    await probe.close();
    await eventually(async () => expect(await requests(server, 'GET', '/sdk/stream', 200)).toBe(1));
    expect(await timed(server, 'GET', '/sdk/stream')).toBe(0);

    await httpRequest(`${server.url}/sdk/poll?since=${probe.cursor}&wait=1`, { headers: { 'X-API-Key': key } });
    await httpRequest(`${server.url}/sdk/poll`, { headers: { 'X-API-Key': key } });
    await eventually(async () => expect(await requests(server, 'GET', '/sdk/poll', 200)).toBe(2));
    expect(await timed(server, 'GET', '/sdk/poll')).toBe(1);
  });

  it('does not take a client that left before the answer for one that was answered', async () => {
    const poll = (query: string) => `${server.url}/sdk/poll?since=${query}`;
    const headers = { 'X-API-Key': key };
    const { cursor } = (await httpRequest(poll('none'), { headers })).json() as { cursor: string };
    await eventually(async () => {
      // It may be gone before it has arrived: then another one comes.
      const leaving = request(poll(`${cursor}&wait=55`), { headers }).on('error', () => undefined);
      leaving.end();
      await once(leaving, 'finish');
      leaving.destroy();
      expect(await requests(server, 'GET', '/sdk/poll', 'aborted')).toBeGreaterThan(0);
    });
  });
});

describeEachDatabase('the time from commit to read', (database) => {
  it('is taken of every change, on every node, by one clock', async () => {
    const node = await start({ database });
    const nodes = database === 'postgres' ? [node, await start({ database: node.databaseUrl })] : [node];
    const count = () => Promise.all(nodes.map((each) => metric(each, 'flagwire_commit_to_read_seconds_count')));
    await node.admin.createFlag('a');
    const before = await eventually(async () => {
      const counts = await count();
      // A new flag is a change set of each environment.
      expect(counts).toEqual(counts.map(() => 3));
      return counts;
    });
    for (const status of ['enabled', 'disabled', 'deprecated'] as const) await node.admin.patchEnv('a', 'production', { status });
    await eventually(async () => expect(await count()).toEqual(before.map((value) => value + 3)));
    for (const each of nodes) expect(await metric(each, 'flagwire_commit_to_read_seconds_sum')).toBeLessThan(30);
    expect(await metric(node, 'flagwire_commit_to_read_seconds_sum')).toBeGreaterThan(0);
  });
});

describe('full syncs in the metrics', () => {
  it('are counted by why they were needed', async () => {
    const server = await start();
    const { key } = await server.admin.createKey('production');
    const resyncs = (reason: string) => series(server, `flagwire_resyncs_total{reason="${reason}"}`);
    expect(await text(server)).toMatch(/^flagwire_resyncs_total\{reason="below_floor"\} 0$/m);
    expect(await metric(server, 'flagwire_replica_loads_total')).toBe(3);

    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync();
    await probe.close();
    expect([await resyncs('no_cursor'), await resyncs('other_history')]).toEqual([1, 0]);
    const poll = (since: string, query = '') =>
      httpRequest(`${server.url}/sdk/poll?since=${since}${query}`, { headers: { 'X-API-Key': key } });
    expect((await poll(probe.cursor)).json()).toMatchObject({ mode: 'delta' });
    expect((await poll(probe.cursor, '&flags=other')).json()).toMatchObject({ mode: 'full' });
    expect((await poll('zzzzzzzz.7.zzzzzz')).json()).toMatchObject({ mode: 'full' });
    expect(await Promise.all(['no_cursor', 'other_filter', 'other_history'].map(resyncs))).toEqual([1, 1, 1]);
  });
});

describe('what is sent, in the metrics', () => {
  it('is counted by transport, and timed for those who are up to date', async () => {
    const server = await start();
    await server.admin.createFlag('a');
    const { key } = await server.admin.createKey('production');
    const of = (name: string, transport: string) => series(server, `${name}{transport="${transport}"}`);
    const probes = await Promise.all([1, 2].map(() => SseProbe.connect({ url: server.url, key })));
    await Promise.all(probes.map((probe) => probe.waitForSync()));
    expect([await of('flagwire_connections', 'sse'), await of('flagwire_connections', 'websocket')]).toEqual([2, 0]);
    expect(await of('flagwire_deliveries_total', 'sse')).toBe(0);
    const before = await of('flagwire_sent_bytes_total', 'sse');
    expect(before).toBeGreaterThan(300);

    for (const status of ['enabled', 'disabled', 'deprecated'] as const)
      await server.admin.patchEnv('a', 'production', { status });
    await Promise.all(probes.map((probe) => probe.waitForState((state) => state.get('a')?.status === 'deprecated')));
    expect(await of('flagwire_deliveries_total', 'sse')).toBe(6);
    expect(await of('flagwire_deliveries_total', 'socket.io')).toBe(0);
    expect(await metric(server, 'flagwire_read_to_write_seconds_count')).toBe(3);
    // What those were sent who have left still counts.
    await Promise.all(probes.map((probe) => probe.close()));
    await eventually(async () => expect(await of('flagwire_connections', 'sse')).toBe(0));
    expect(await of('flagwire_sent_bytes_total', 'sse')).toBeGreaterThan(before + 6 * 80);
  });
});
