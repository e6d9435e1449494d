import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freshDatabase } from '../support/fresh-database.js';
import { builtEntry } from '../support/project-root.js';
import { type StreamKind } from '../support/receipts.js';
import { type TestServer } from '../support/server.js';
import { SocketIoProbe } from '../support/socket-io-client.js';
import { SseProbe } from '../support/sse-client.js';
import { SteadyWriter } from '../support/steady-writer.js';
import { type SyncProbe } from '../support/sync-probe.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { WebSocketProbe } from '../support/web-socket-client.js';

/** `npm run test:upgrade -- --from COMMIT` names the program of an earlier commit; else the present one stands for it. */
const EARLIER = process.env['FLAGWIRE_TEST_EARLIER'] ?? builtEntry();
const START_MS = 90_000;
const PATIENCE_MS = 30_000;
const CHANGES = 80;
const FLAGS = ['one', 'two', 'three'];
const PROBES = { sse: SseProbe, websocket: WebSocketProbe, 'socket.io': SocketIoProbe };
const KINDS: StreamKind[] = ['sse', 'websocket', 'socket.io'];

describe('a node of the build before, beside a new one on the same database', () => {
  const start = useServers();
  const probes: SyncProbe[] = [];
  let database: string;
  let earlier: TestServer;
  let present: TestServer;
  let key: string;

  beforeAll(async () => {
    database = (await freshDatabase('upgrade')).url;
    earlier = await start({ database, entry: EARLIER, timeoutMs: START_MS });
    for (const flag of FLAGS) await earlier.admin.createFlag(flag);
    ({ key } = await earlier.admin.createKey('production'));
    present = await start({ database, timeoutMs: START_MS });
  }, 2 * START_MS);
  afterEach(() => Promise.all(probes.splice(0).map((probe) => probe.close())));

  async function connect(node: TestServer, kind: StreamKind, cursor?: string): Promise<SyncProbe> {
    const probe: SyncProbe = await PROBES[kind].connect({ url: node.url, key, ...(cursor && { cursor }) });
    probes.push(probe);
    await probe.waitForSync(PATIENCE_MS);
    return probe;
  }

  it('brings the changes of both to the clients of both, whole and in order', async () => {
    const clients = await Promise.all([earlier, present].flatMap((node) => KINDS.map((kind) => connect(node, kind))));
    const writers = await Promise.all([earlier, present].map(({ admin }) => SteadyWriter.begin(admin, 'production', FLAGS)));
    await eventually(() => writers.every(({ revision }) => revision > CHANGES), { timeoutMs: PATIENCE_MS });
    await Promise.all(writers.map((writer) => writer.end()));
    const { cursors } = await earlier.admin.patchEnv('one', 'production', { default_variant: 'off' });
    for (const client of clients) {
      await client.waitForCursor(cursors['production'] ?? '', PATIENCE_MS);
      client.assertInOrder();
      expect(client.applied.length).toBeGreaterThan(CHANGES / 2);
      expect([...client.state]).toEqual([...clients[0]!.state]);
    }
  });

  it('takes the cursors of the other for its own, in a delta', async () => {
    for (const [from, to] of [
      [earlier, present],
      [present, earlier],
    ] as const) {
      const { cursor } = await connect(from, 'sse');
      await from.admin.patchEnv('two', 'production', { status: 'disabled' });
      await from.admin.patchEnv('two', 'production', { status: 'enabled' });
      const resumed = await connect(to, 'sse', cursor);
      expect(resumed.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'delta' } });
      resumed.assertInOrder();
    }
  });

  it('hears of a key that the other has revoked', async () => {
    for (const [by, on] of [
      [present, earlier],
      [earlier, present],
    ] as const) {
      const made = await by.admin.createKey('production');
      const probe = await SseProbe.connect({ url: on.url, key: made.key });
      await probe.waitForSync(PATIENCE_MS);
      await by.admin.revokeKey('production', made.id);
      await probe.closed;
      expect(probe.goodbye?.reason).toBe('key_revoked');
    }
  });

  it('is followed by a new one, to which its clients come with what they have', async () => {
    const leaving = await connect(earlier, 'websocket');
    await earlier.stop();
    await leaving.closed;
    const after = await start({ database, timeoutMs: START_MS });
    const back = await connect(after, 'websocket', leaving.cursor);
    expect(back.messages[0]).toMatchObject({ data: { mode: 'delta' } });
  });
});
