import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RawHttp } from '../support/raw-http.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { CROWD, fillWithFlags, LIVE } from './support/many-flags.js';
import { metric } from './support/metrics.js';
import { RawStream } from './support/raw-stream.js';

const FLAGS = 10_000;
const SLOW = 64 * 1024;
const SWITCHES = ['f00002', 'f05000', 'f10000'];
const LONG = 60_000;
const MINUTES = 300_000;
/** Makes a full sync of 5.6 MB: more than the 3.9 MB that Linux takes for a connection on loopback, so the server feels it. */
const DESCRIPTION =
  'A flag of the usual size: it has a sentence that says what it is for, and another one about its end. '.repeat(2);

const start = useServers();
let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await start();
  key = await fillWithFlags(server, FLAGS, { description: DESCRIPTION });
}, MINUTES);

afterAll(() => server.kill());

/** Changes a flag ten times a second until `stop` is called, which gives the last cursor and the times of the requests. */
function changing(): { stop: () => Promise<{ cursor: string; sentAt: Map<string, number> }> } {
  let goingOn = true;
  let cursor = '';
  const sentAt = new Map<string, number>();
  const work = (async () => {
    for (let turn = 1; goingOn; turn += 1) {
      const at = performance.now();
      const edit = { status: turn % 2 === 0 ? ('enabled' as const) : ('disabled' as const) };
      cursor = String(
        (await server.admin.patchEnv(SWITCHES[Math.floor((turn - 1) / 2) % 3] ?? '', LIVE, edit, CROWD)).cursors[LIVE],
      );
      sentAt.set(cursor, at);
      await sleep(Math.max(0, 100 - (performance.now() - at)));
    }
  })();
  return {
    stop: async () => {
      goingOn = false;
      await work;
      return { cursor, sentAt };
    },
  };
}

/** The longest time from the request for a change to its arrival, in milliseconds. */
function longestDelay(probe: SseProbe, sentAt: ReadonlyMap<string, number>): number {
  const arrivals = new Map(probe.messages.map(({ id, at }) => [id, at]));
  return Math.max(...[...sentAt].map(([cursor, at]) => (arrivals.get(cursor) ?? Infinity) - at));
}

describe(`an environment of ${FLAGS} flags under ten changes a second`, () => {
  it(
    'reaches a reader of 64 KB/s whole, who is live then, while nobody else notices',
    async () => {
      const healthy = await SseProbe.connect({ url: server.url, key });
      await healthy.waitForSync(LONG);
      expect(healthy.state.size).toBe(FLAGS);
      const changes = changing();

      const slow = new RawStream(await RawHttp.connect({ port: server.port, bytesPerSecond: SLOW }));
      await slow.open({ path: '/sdk/stream', headers: { 'X-API-Key': key } });
      await slow.sync(LONG);
      const received = slow.client.bytesReceived;
      expect(received).toBeGreaterThan(5_000_000);
      expect(slow.messages.filter(({ type }) => type === 'SyncStarted')).toHaveLength(1);

      // Live: it catches up with the present time and again, while more is being changed.
      for (let turn = 0; turn < 3; turn += 1) await slow.reach(healthy.cursor, LONG);
      const { cursor, sentAt } = await changes.stop();
      await Promise.all([slow.reach(cursor, LONG), healthy.waitForCursor(cursor, LONG)]);
      slow.assertInOrder();
      expect(slow.messages.filter(({ type }) => type === 'SyncComplete')).toHaveLength(1);
      expect(slow.checker.state).toEqual(healthy.state);

      // Everybody else has had every change, each once and in order, on the connection of the beginning.
      healthy.assertInOrder();
      expect(healthy.applied.map((set) => set.cursor)).toEqual([...sentAt.keys()]);
      expect(sentAt.size).toBeGreaterThan(50);
      const delay = Math.round(longestDelay(healthy, sentAt));
      process.stdout.write(
        `beside a reader of 64 KB/s: ${sentAt.size} changes, the slowest took ${delay} ms to another reader\n`,
      );
      expect(await metric(server, 'flagwire_cut_connections_total')).toBe(0);
      slow.client.destroy();
      await healthy.close();
    },
    MINUTES,
  );
});
