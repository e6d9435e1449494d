import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type PropagationAnswer } from '@flagwire/protocol/admin';
import { parseCursor } from '../support/cursor.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import {
  connections,
  PollWitness,
  postAck,
  propagation,
  type StreamKind,
  StreamWitness,
  type Witness,
} from '../support/receipts.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './metric.js';

const LOOKED = 'flagwire_receipt_rounds_total{outcome="written"}';
const START_MS = 120_000;
const PATIENCE = { timeoutMs: 30_000, intervalMs: 100 };
const KINDS: StreamKind[] = ['sse', 'websocket', 'socket.io'];

describe('Three nodes on one PostgreSQL', () => {
  const start = useServers();
  const witnesses: Witness[] = [];
  const looking = setInterval(() => witnesses.forEach((witness) => witness.look()), 5);
  let database: FreshDatabase;
  let [a, b, c]: TestServer[] = [];
  let key: string;
  const enabled = new Set<string>();

  const launch = (name: string) => start({ database: database.url, env: { FLAGWIRE_NODE_NAME: name } });
  const admin = () => a!.admin;

  async function stream(kind: StreamKind, node: TestServer, more: object = {}): Promise<StreamWitness> {
    const witness = await StreamWitness.connect(kind, { url: node.url, key, ...more });
    witnesses.push(witness);
    return witness;
  }

  /** The revision that it made. */
  async function change(flag = 'one'): Promise<number> {
    if (!enabled.delete(flag)) enabled.add(flag);
    const { cursors } = await admin().patchEnv(flag, 'production', { status: enabled.has(flag) ? 'enabled' : 'disabled' });
    return parseCursor(cursors['production'] ?? '')!.revision;
  }

  async function leaveAll(): Promise<void> {
    await Promise.all(witnesses.splice(0).map((witness) => witness.close()));
    await eventually(async () => {
      const { total, transports } = await connections(admin());
      expect(total).toBe(transports['polling'] ?? 0);
    }, PATIENCE);
  }

  beforeAll(async () => {
    database = await freshDatabase('receipts');
    a = await launch('a');
    [b, c] = [await launch('b'), await launch('c')];
    await admin().createFlag('one');
    await admin().createFlag('two');
    key = (await admin().createKey('production')).key;
  }, START_MS);
  afterEach(leaveAll);
  afterAll(async () => {
    clearInterval(looking);
    await database.drop();
  });

  it('count exactly, once it is quiet, who of all their clients has a revision', async () => {
    const nodes = [a!, b!, c!];
    for (const node of nodes) {
      for (const kind of KINDS) {
        await stream(kind, node);
        await stream(kind, node, { acknowledgesAt: null });
        await stream(kind, node, { flags: ['two'] });
      }
      witnesses.push(new PollWitness({ url: node.url, key }, `poller-${node.port}`));
    }
    for (let changes = 0; changes < 10; changes += 1) await change();
    const revision = await change('two');
    await eventually(() => witnesses.every((witness) => witness.had.has(revision)), PATIENCE);
    const answer = await eventually(async () => {
      const read = await propagation(b!.admin, revision);
      expect(read.clients).toMatchObject({ connected: 30, have: 30, behind: 0, polling: 3 });
      // Those of streams that do not acknowledge were sent it.
      expect(read.clients.acknowledged).toBe(21);
      return read;
    }, PATIENCE);
    expect(answer).toMatchObject({ revision, complete: true, behind: [], missing: [] });
    expect(answer.delay_ms?.clients).toBeGreaterThanOrEqual(27);
    expect(answer.nodes.map(({ node, clients, have }) => [node, clients, have]).sort()).toEqual([
      ['a', 9, 9],
      ['b', 9, 9],
      ['c', 9, 9],
    ]);
    // Another node, which reads of the others once a second.
    const all = await eventually(async () => {
      const read = await connections(c!.admin);
      expect(read).toMatchObject({ total: 30, transports: { sse: 9, websocket: 9, 'socket.io': 9, polling: 3 } });
      return read;
    }, PATIENCE);
    expect(all.nodes.map(({ node, total }) => [node, total]).sort()).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 10],
    ]);
  });

  /** Who polled in the first test is remembered, and named, for a while. */
  const connected = ({ behind }: PropagationAnswer) => behind.filter(({ transport }) => transport !== 'polling');

  it('name who is behind: client, version, transport, node, cursor, and since when', async () => {
    const quick = await stream('websocket', b!);
    const slow = await stream('socket.io', c!, { client: 'checkout/2.1.0' });
    await eventually(() => quick.had.has(quick.revision) && slow.had.has(slow.revision));
    slow.acknowledge(slow.cursor, 0);
    slow.isStuck = true;
    const began = Date.now();
    const revision = await change();
    const read = await eventually(async () => {
      const answer = await propagation(admin(), revision);
      expect(connected(answer)).toHaveLength(1);
      return answer;
    }, PATIENCE);
    expect(read.complete).toBe(false);
    const [laggard] = connected(read);
    expect(laggard).toMatchObject({ client: 'checkout', version: '2.1.0', transport: 'socket.io', node: 'c' });
    expect(parseCursor(laggard!.cursor)?.revision).toBe(revision - 1);
    expect(Math.abs(Date.parse(laggard!.since) - began)).toBeLessThan(2000);
    slow.isStuck = false;
    await eventually(async () => expect(connected(await propagation(admin(), revision))).toEqual([]), PATIENCE);
  });

  it('take an acknowledgement of a stream at any node, and of nobody else', async () => {
    const witness = await stream('sse', a!, { acknowledgesAt: b!.url });
    const stranger = (await admin().createKey('production')).key;
    await eventually(async () => expect((await acknowledged(witness.revision)).acknowledged).toBe(1), PATIENCE);
    witness.isStuck = true;
    const revision = await change();
    await eventually(() => witness.revision === revision);
    const receipt = { connection_id: witness.connectionId, id: witness.cursor };
    for (const node of [a!, b!]) expect(await postAck(node.url, stranger, receipt)).toBe(204);
    // What it has not been sent is not believed either.
    const ahead = witness.cursor.replace(`.${revision}.`, `.${revision + 5}.`);
    expect(await postAck(a!.url, key, { ...receipt, id: ahead })).toBe(204);
    // By then the connection's node has looked for it at all others more than once.
    const looked = await metric(a!, LOOKED);
    await eventually(async () => expect(await metric(a!, LOOKED)).toBeGreaterThan(looked + 3), PATIENCE);
    expect((await propagation(admin(), revision)).clients.have).toBe(await pollersThere(revision));
    expect(await postAck(b!.url, key, { ...receipt, waited_ms: 5 })).toBe(204);
    await eventually(async () => expect((await acknowledged(revision)).acknowledged).toBe(1), PATIENCE);
  });

  async function acknowledged(revision: number): Promise<{ acknowledged: number }> {
    const { clients } = await propagation(admin(), revision);
    return { acknowledged: clients.acknowledged - (await pollersThere(revision)) };
  }

  /** Those of the first test are remembered for a while. */
  async function pollersThere(revision: number): Promise<number> {
    const { clients, nodes } = await propagation(admin(), revision);
    return clients.have - nodes.reduce((sum, { have }) => sum + have, 0);
  }

  it('name a node that has stopped as missing, with the clients that it had, until it goes on', async () => {
    await stream('websocket', c!);
    const revision = await change();
    await eventually(async () => expect(await nodeOf('c', revision)).toMatchObject({ clients: 1, have: 1 }), PATIENCE);
    c!.signal('SIGSTOP');
    const read = await eventually(async () => {
      const answer = await propagation(admin(), revision);
      expect(answer.missing).toMatchObject([{ node: 'c', clients: expect.any(Number) as unknown }]);
      return answer;
    }, PATIENCE);
    expect(read.missing[0]?.clients).toBeGreaterThanOrEqual(1);
    expect(read.complete).toBe(false);
    expect(read.nodes.map(({ node }) => node).sort()).toEqual(['a', 'b']);
    c!.signal('SIGCONT');
    await eventually(async () => expect((await propagation(admin(), revision)).missing).toEqual([]), PATIENCE);
  });

  const nodeOf = async (name: string, revision: number) =>
    (await propagation(admin(), revision)).nodes.find(({ node }) => node === name);

  it('name a node that was killed as missing, until it is back; and not one that ended in order', async () => {
    const revision = await change();
    await c!.kill('SIGKILL');
    await eventually(async () => {
      expect((await propagation(admin(), revision)).missing).toMatchObject([{ node: 'c' }]);
    }, PATIENCE);
    await c!.restart();
    await eventually(async () => {
      const answer = await propagation(admin(), revision);
      expect(answer.missing).toEqual([]);
      expect(answer.nodes.map(({ node }) => node).sort()).toEqual(['a', 'b', 'c']);
    }, PATIENCE);
    await c!.stop();
    const answer = await propagation(admin(), revision);
    expect(answer.missing).toEqual([]);
    expect(answer.nodes.map(({ node }) => node).sort()).toEqual(['a', 'b']);
  });
});
