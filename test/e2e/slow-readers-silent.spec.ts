import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RawHttp } from '../support/raw-http.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually, within } from '../support/wait.js';
import { CROWD, fillWithFlags, LIVE } from './support/many-flags.js';
import { metric } from './support/metrics.js';

const FLAGS = 10_000;
const MORE = 100;
const MIB = 1024 * 1024;
const LONG = 60_000;
const MINUTES = 300_000;
/** With these the full sync and the changes are far more than the kernel takes for a connection. */
const FIELDS = { description: 'x'.repeat(400) };
const BIG = { value_type: 'string', variants: { a: 'a'.repeat(50_000), b: 'b'.repeat(50_000) }, default_variant: 'b' };

const start = useServers();
const silent: RawHttp[] = [];

afterEach(() => {
  for (const client of silent.splice(0)) client.destroy();
});

async function untilFigure(server: TestServer, name: string, value: number): Promise<void> {
  await eventually(async () => (await metric(server, name)) === value, { timeoutMs: LONG, what: `${name} ${value}` });
}

/** Readers who ask for a stream and read nothing of it; gives when all of them are being served. */
async function withSilentReaders(server: TestServer, key: string, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    const client = await RawHttp.connect({ port: server.port, paused: true, discard: true });
    silent.push(client);
    await client.request({ path: '/sdk/stream', headers: { 'X-API-Key': key } });
  }
  await untilFigure(server, 'flagwire_connections', silent.length + 1);
}

/** `count` revisions of 100 KB each; gives the last cursor. */
async function changeBig(server: TestServer, count: number): Promise<string> {
  let cursor = '';
  for (let turn = 0; turn < count; turn += 1) {
    const { cursors } = await server.admin.patchFlag('big', { description: `turn ${turn}` }, CROWD);
    cursor = String(cursors[LIVE]);
  }
  return cursor;
}

/** Resident memory, in bytes. */
function memoryOf({ pid }: TestServer): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

function expectAtMost(value: number, bound: number): void {
  expect(value).toBeLessThanOrEqual(bound);
}

describe('a reader that reads nothing', () => {
  const { it: onLinux } = skipIf(!existsSync('/proc/self/status'), "a process's memory is read from /proc");

  onLinux(
    'costs the server at most 1 MiB, whatever is changed meanwhile',
    async () => {
      // Less garbage between two measurements.
      const server = await start({ nodeArgs: ['--max-old-space-size=256'], env: { FLAGWIRE_STALL_S: '600' } });
      const key = await fillWithFlags(server, FLAGS, FIELDS);
      await server.admin.createFlag('big', BIG, CROWD);
      const healthy = await SseProbe.connect({ url: server.url, key });
      await healthy.waitForSync(LONG);
      // What a snapshot and the changes themselves need is in the memory from now on.
      await withSilentReaders(server, key, 10);
      await healthy.waitForCursor(await changeBig(server, 100), LONG);
      const before = memoryOf(server);

      await withSilentReaders(server, key, MORE);
      await healthy.waitForCursor(await changeBig(server, 50), LONG);
      const each = (memoryOf(server) - before) / MORE;
      process.stdout.write(`a reader that reads nothing costs ${Math.round(each / 1024)} KiB\n`);
      expectAtMost(each, MIB);
      healthy.assertInOrder();
      expectAtMost(150, healthy.applied.length);
      await healthy.close();
      await server.kill();
    },
    MINUTES,
  );

  it(
    'is cut, and nobody else is',
    async () => {
      const server = await start({ env: { FLAGWIRE_STALL_S: '3' } });
      const key = await fillWithFlags(server, FLAGS, FIELDS);
      await server.admin.createFlag('big', BIG, CROWD);
      const healthy = await SseProbe.connect({ url: server.url, key });
      await healthy.waitForSync(LONG);
      await withSilentReaders(server, key, 10);

      await untilFigure(server, 'flagwire_cut_connections_total', 10);
      expect(await metric(server, 'flagwire_connections')).toBe(1);
      expect(await metric(server, 'flagwire_lagging_connections')).toBe(0);
      // The other side of the socket is gone too: when they read at last, they find an end before the end of the sync.
      for (const client of silent) client.resume();
      const ends = await within(Promise.all(silent.map((client) => client.closed)), LONG, 'the end of the connections');
      expect(ends.filter((end) => end === 'client')).toEqual([]);

      await healthy.waitForCursor(await changeBig(server, 20), LONG);
      healthy.assertInOrder();
      expect(healthy.applied).toHaveLength(20);
      expect(await metric(server, 'flagwire_cut_connections_total')).toBe(10);
      await healthy.close();
      await server.kill();
    },
    MINUTES,
  );
});
