import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseCursor } from '../support/cursor.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { PollWitness, propagation, StreamWitness, type Witness } from '../support/receipts.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

/** How far the answer may be from what the clients themselves have seen, in milliseconds. */
const PROMISED_MS = 20;
const CHANGES = 12;
const PATIENCE = { timeoutMs: 30_000 };

const nearestRank = (values: number[], part: number): number =>
  values.sort((x, y) => x - y)[Math.max(0, Math.ceil(values.length * part) - 1)]!;

describe('The delays of a revision', () => {
  const start = useServers();
  const witnesses: Witness[] = [];
  const looking = setInterval(() => witnesses.forEach((witness) => witness.look()), 1);
  let database: FreshDatabase;
  const nodes: TestServer[] = [];

  beforeAll(async () => {
    database = await freshDatabase('delays');
    for (const name of ['a', 'b', 'c']) {
      nodes.push(await start({ database: database.url, env: { FLAGWIRE_NODE_NAME: name } }));
    }
    await nodes[0]!.admin.createFlag('one');
    const { key } = await nodes[0]!.admin.createKey('production');
    for (const { url, port } of nodes) {
      for (const kind of ['sse', 'websocket', 'socket.io'] as const) {
        for (const acknowledgesAt of [url, null]) witnesses.push(await StreamWitness.connect(kind, { url, key, acknowledgesAt }));
      }
      witnesses.push(new PollWitness({ url, key }, `poller-${port}`));
    }
    await eventually(() => witnesses.every(({ revision }) => revision >= 0), PATIENCE);
  }, 120_000);
  afterAll(async () => {
    clearInterval(looking);
    await Promise.all(witnesses.map((witness) => witness.close()));
    await database.drop();
  });

  it('are within 20 ms of what the clients have seen, by p50, p99 and the longest', async () => {
    const errors: number[] = [];
    for (let change = 0; change < CHANGES; change += 1) {
      const status = change % 2 === 0 ? 'enabled' : 'disabled';
      const { cursors } = await nodes[change % 3]!.admin.patchEnv('one', 'production', { status });
      const { revision } = parseCursor(cursors['production'] ?? '')!;
      await eventually(() => witnesses.every(({ had }) => had.has(revision)), PATIENCE);
      const delays = await eventually(async () => {
        const { clients, delay_ms } = await propagation(nodes[(change + 1) % 3]!.admin, revision);
        expect(clients).toMatchObject({ connected: witnesses.length, have: witnesses.length });
        expect(delay_ms?.clients).toBe(witnesses.length);
        return delay_ms!;
      }, PATIENCE);
      const [row] = await database.query<{ at: string }>(
        `SELECT c.logged_at AS at FROM change c JOIN environment e ON e.id = c.environment_id WHERE e.key = 'production' AND c.revision = $1`,
        [revision],
      );
      const truth = witnesses.map(({ had }) => had.get(revision)! - Number(row!.at) / 1000);
      const pairs = [
        [delays.p50, nearestRank(truth, 0.5)],
        [delays.p99, nearestRank(truth, 0.99)],
        [delays.max, Math.max(...truth)],
      ];
      errors.push(...pairs.map(([told, seen]) => Math.abs(told! - seen!)));
    }
    if (process.env['FLAGWIRE_TEST_FULL'] === '1') console.log(errors.map((error) => error.toFixed(1)).join(' '));
    expect(Math.max(...errors)).toBeLessThan(PROMISED_MS);
  }, 120_000);
});
