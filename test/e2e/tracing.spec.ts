import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Collector } from './support/collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const PATCH = '/api/projects/default/flags/a/environments/production';

describe('a change with a traceparent, on two nodes with the SDK of deploy/otel.mjs', () => {
  const start = useServers();
  let collector: Collector;
  let a: TestServer;

  const traced = (database: string, name: string): Promise<TestServer> =>
    start({
      database,
      nodeArgs: ['--import', pathToFileURL(join(projectRoot(), 'deploy', 'otel.mjs')).href],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: name, OTEL_BSP_SCHEDULE_DELAY: '50' },
    });

  beforeAll(async () => {
    collector = await Collector.start();
    a = await traced('postgres', 'node-a');
    await traced(a.databaseUrl, 'node-b');
    await a.admin.createFlag('a');
  });
  afterAll(() => collector.stop());

  it('is one trace, from the request on one node to the delivery on the other', async () => {
    const { key } = await a.admin.createKey('production');
    const probe = await SseProbe.connect({ url: a.url, key });
    await probe.waitForSync();
    const traceparent = `00-${TRACE}-${PARENT}-01`;
    await a.admin.request('PATCH', PATCH, { status: 'deprecated' }, { traceparent });
    const ofTrace = () => collector.spans.filter(({ traceId }) => traceId === TRACE);
    await eventually(
      () =>
        expect(
          ofTrace()
            .map(({ service }) => service)
            .sort(),
        ).toEqual(['node-a', 'node-b']),
      { timeoutMs: 20_000 },
    );
    for (const span of ofTrace()) {
      expect(span).toMatchObject({ name: 'flagwire.deliver', parentSpanId: PARENT });
      expect(span.attributes).toMatchObject({ 'flagwire.project': 'default', 'flagwire.environment': 'production' });
      expect(span.attributes['flagwire.revision']).toBeGreaterThan(0);
    }
    await probe.close();
    // Nor does a trace have what a log must not have.
    expect(collector.text).not.toContain(key.slice(20, 40));
  });

  it('is in no trace of somebody else, and in none that is not sampled', async () => {
    const inTrace = collector.spans.filter(({ traceId }) => traceId === TRACE);
    const revision = Number(inTrace[0]?.attributes['flagwire.revision']);
    await a.admin.request('PATCH', PATCH, { status: 'enabled' }, { traceparent: `00-${TRACE}-${PARENT}-00` });
    await a.admin.request('PATCH', PATCH, { status: 'disabled' }, { traceparent: 'not one' });
    const after = () =>
      collector.spans.filter(
        ({ attributes }) =>
          attributes['flagwire.environment'] === 'production' && Number(attributes['flagwire.revision']) > revision,
      );
    await eventually(() => expect(after()).toHaveLength(2), { timeoutMs: 20_000 });
    expect(after().map(({ attributes }) => attributes['flagwire.revision'])).toEqual([revision + 2, revision + 2]);
    expect(after().filter(({ traceId, parentSpanId }) => traceId === TRACE || parentSpanId)).toEqual([]);
  });
});

describe('a node that ends', () => {
  const start = useServers();
  /** Batches that nobody waits for. */
  const startWith = (OTEL_EXPORTER_OTLP_ENDPOINT: string): Promise<TestServer> =>
    start({
      nodeArgs: ['--import', pathToFileURL(join(projectRoot(), 'deploy', 'otel.mjs')).href],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_BSP_SCHEDULE_DELAY: '600000' },
    });

  it('sends the spans that it still has', async () => {
    const collector = await Collector.start();
    const node = await startWith(collector.url);
    await node.admin.createFlag('a');
    expect(collector.spans).toEqual([]);
    expect(await node.kill('SIGTERM')).toMatchObject({ code: 0 });
    expect(collector.spans.map(({ attributes }) => attributes['flagwire.environment']).sort()).toEqual([
      'development',
      'production',
      'staging',
    ]);
    collector.stop();
  });

  it('is not kept by a collector that does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const node = await startWith(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await node.admin.createFlag('a');
    const asked = once(silent, 'connection');
    expect(await node.kill('SIGTERM')).toMatchObject({ code: 0 });
    await asked;
    expect(node.stdout()).not.toContain('in time');
    silent.close();
  });
});
