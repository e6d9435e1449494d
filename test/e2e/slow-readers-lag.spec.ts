import { afterEach, describe, expect, it } from '@jest/globals';
import { RawHttp } from '../support/raw-http.js';
import { SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';
import { RawStream } from './support/raw-stream.js';

const LONG = 60_000;
const MINUTES = 300_000;
const MIB = 1024 * 1024;
/** More than Linux takes for a connection in both of its buffers. */
const MUCH = 16 * MIB;

const VARIANT = 40_000;
/** More bytes than characters. */
const TEXT = 'é'.repeat(VARIANT / 2);

const start = useServers();
let healthy: SseProbe;

interface Scene {
  server: TestServer;
  key: string;
}

async function scene(env: Record<string, string>): Promise<Scene> {
  const server = await start({ env: { FLAGWIRE_STALL_S: '600', FLAGWIRE_LAG_BYTES: '65536', ...env } });
  const { key } = await server.admin.createKey('production');
  healthy = await SseProbe.connect({ url: server.url, key });
  await healthy.waitForSync(LONG);
  return { server, key };
}

async function createBig({ server }: Scene, id: string, bytes: number): Promise<void> {
  const texts = Array.from({ length: Math.ceil(bytes / VARIANT) }, (_, index): [string, string] => [`big-${index}`, TEXT]);
  const variants = { ...Object.fromEntries(texts), small: 'x' };
  await server.admin.createFlag(id, { value_type: 'string', variants, default_variant: 'small' });
}

/** One revision that carries all of the flag; gives its cursor. */
async function touch({ server }: Scene, id: string, turn: number): Promise<string> {
  const { cursors } = await server.admin.patchEnv(id, 'production', { default_variant: turn % 2 === 0 ? 'small' : 'big-0' });
  return String(cursors['production']);
}

/** Changes until the one reader that has paused is behind, and `beyond` revisions more; gives the last cursor. */
async function changeBehind(at: Scene, ids: readonly string[], beyond: number): Promise<string> {
  let cursor = '';
  let left = Infinity;
  for (let turn = 1; left > 0; turn += 1) {
    cursor = await touch(at, String(ids[turn % ids.length]), Math.ceil(turn / ids.length));
    const isBehind = left < Infinity || (await metric(at.server, 'flagwire_lagging_connections')) === 1;
    if (isBehind) left = Math.min(left, beyond + 1) - 1;
    if (turn > 1000) throw new Error('the reader never fell behind');
  }
  return cursor;
}

afterEach(async () => {
  healthy.assertInOrder();
  await healthy.close();
});

/** One of them fits into one slice, the other takes several: both ways to fall behind. */
const SIZES = { whole: 40_000, sliced: 150_000 };

describe('a live reader that stops to read under changes', () => {
  it.each([
    ['from memory', {}],
    ['from the log', { FLAGWIRE_RING_REVISIONS: '5' }],
  ])(
    'gets all of them when it reads again, in order and once, %s',
    async (_name, env) => {
      const at = await scene(env);
      for (const [id, bytes] of Object.entries(SIZES)) await createBig(at, id, bytes);
      const reader = await SseProbe.connect({ url: at.server.url, key: at.key });
      await reader.waitForSync(LONG);
      const first = healthy.applied.length;
      reader.pause();
      const behind = await changeBehind(at, Object.keys(SIZES), 20);
      await healthy.waitForCursor(behind, LONG);
      reader.resume();
      // And what is changed while it catches up.
      let cursor = behind;
      for (let turn = 0; turn < 5; turn += 1) cursor = await touch(at, 'whole', turn + 1);
      await Promise.all([reader, healthy].map((probe) => probe.waitForCursor(cursor, LONG)));
      reader.assertInOrder();
      expect(reader.applied.map((set) => set.cursor)).toEqual(healthy.applied.slice(first).map((set) => set.cursor));
      expect(reader.messages.filter(({ type }) => type === 'SyncStarted')).toHaveLength(1);
      expect(reader.state).toEqual(healthy.state);
      await eventually(async () => (await metric(at.server, 'flagwire_lagging_connections')) === 0, { timeoutMs: LONG });
      // Live again.
      const last = await touch(at, 'whole', 6);
      await Promise.all([reader, healthy].map((probe) => probe.waitForCursor(last, LONG)));
      await reader.close();
    },
    MINUTES,
  );

  it(
    'gets a full sync in place when it is behind the memory and behind the floor of the log',
    async () => {
      const at = await scene({ FLAGWIRE_RING_REVISIONS: '5', FLAGWIRE_FLOOR_REVISIONS: '10', FLAGWIRE_FLOOR_S: '0' });
      for (const [id, bytes] of Object.entries(SIZES)) await createBig(at, id, bytes);
      await at.server.admin.createFlag('gone');
      const reader = await SseProbe.connect({ url: at.server.url, key: at.key });
      await reader.waitForSync(LONG);
      reader.pause();
      await changeBehind(at, Object.keys(SIZES), 5);
      await at.server.admin.archive('gone');
      let cursor = '';
      for (let turn = 0; turn < 30; turn += 1) cursor = await touch(at, 'whole', turn);
      reader.resume();
      await Promise.all([reader, healthy].map((probe) => probe.waitForCursor(cursor, LONG)));
      reader.assertInOrder();
      const syncs = reader.messages.filter(({ type }) => type === 'SyncStarted');
      expect(syncs).toMatchObject([{ data: { mode: 'full' } }, { data: { mode: 'full' } }]);
      expect(reader.checker.syncs).toBe(2);
      expect(reader.isOpen).toBe(true);
      expect(reader.state).toEqual(healthy.state);
      expect(reader.state.has('gone')).toBe(false);
      const last = await touch(at, 'whole', 31);
      await Promise.all([reader, healthy].map((probe) => probe.waitForCursor(last, LONG)));
      reader.assertInOrder();
      await reader.close();
    },
    MINUTES,
  );
});

describe('readers who are in the middle of full syncs of different revisions', () => {
  it(
    'all get one whole, though only two revisions are kept for them',
    async () => {
      const at = await scene({});
      for (let count = 0; count < MUCH / 400_000; count += 1) await createBig(at, `big-${count}`, 400_000);
      await at.server.admin.createFlag('switch');
      const readers: RawStream[] = [];
      let cursor = '';
      for (let turn = 1; turn <= 4; turn += 1) {
        const reader = new RawStream(await RawHttp.connect({ port: at.server.port, paused: true }));
        await reader.client.request({ path: '/sdk/stream', headers: { 'X-API-Key': at.key } });
        const counted = async () => (await metric(at.server, 'flagwire_connections')) === turn + 1;
        await eventually(counted, { timeoutMs: LONG });
        readers.push(reader);
        cursor = String((await at.server.admin.patchFlag('switch', { name: `turn ${turn}` })).cursors['production']);
      }
      await healthy.waitForCursor(cursor, LONG);
      for (const { client } of readers) client.resume();
      const read = async (reader: RawStream): Promise<number> => {
        await reader.readHead();
        await reader.reach(cursor, LONG);
        reader.assertInOrder();
        expect(reader.checker.state).toEqual(healthy.state);
        return reader.messages.filter(({ type }) => type === 'SyncStarted').length;
      };
      const starts = await Promise.all(readers.map(read));
      // Of the four revisions the oldest could not be kept: whoever read it had to begin anew.
      expect(starts[0]).toBeGreaterThanOrEqual(2);
      for (const { client } of readers) client.destroy();
    },
    MINUTES,
  );
});
