import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { poll, SincePoller, type DeltaBody } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { expectTruth, gatherOnlookers, type Onlooker } from './onlookers.js';
import { content, OwnWriter } from './own-writer.js';
import { SavedHistory } from './saved-history.js';

const FLAGS = ['one', 'two', 'three'];
const BEFORE = 5;
const AFTER = 7;

/** A database that is put back to an earlier state under running nodes: everybody ends right, and says nothing untrue on the way. */
describeEachDatabase('a database restored under running nodes', (database) => {
  const start = useServers();
  let nodes: TestServer[];
  let writer: OwnWriter;
  let key: string;

  const first = () => nodes[0] as TestServer;
  const urls = () => nodes.map((node) => node.url);

  async function toggle(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      const flag = FLAGS[time % FLAGS.length] as string;
      const { status } = (await first().admin.getEnv(flag, 'production')).body;
      await first().admin.patchEnv(flag, 'production', { status: status === 'enabled' ? 'disabled' : 'enabled' });
    }
  }

  /** A cursor that nobody knows makes every node read the log, heads of all environments included. */
  async function readTheLog(): Promise<void> {
    const [epoch, revision] = (await writer.truth()).cursor.split('.');
    const query = { since: `${epoch}.${Number(revision) + 1}.abcdef` };
    for (const url of urls()) await poll({ url, key, query });
  }

  /** A back-up, and then a history that it does not know, which the onlookers have seen. */
  async function lookOn(): Promise<{ saved: SavedHistory; onlookers: Onlooker[] }> {
    await toggle(BEFORE);
    const saved = await SavedHistory.save(writer);
    await toggle(AFTER);
    await first().admin.createFlag(`made-after-${Date.now()}`);
    const onlookers = await gatherOnlookers(urls(), key);
    await expectTruth(onlookers, writer);
    return { saved, onlookers };
  }

  beforeAll(async () => {
    const one = await start({ database });
    nodes = database === 'sqlite' ? [one] : [one, await start({ database: one.databaseUrl })];
    for (const flag of FLAGS) await one.admin.createFlag(flag);
    key = (await one.admin.createKey('production')).key;
  });
  beforeEach(async () => {
    writer = await OwnWriter.open(first().databaseUrl);
  });
  afterEach(() => writer.close());

  it('brings everybody back with it', async () => {
    const { saved, onlookers } = await lookOn();
    await writer.write((manager) => saved.putBack(manager));
    await expectTruth(onlookers, writer);
  });

  it('is seen by who comes back only when the log has passed the old revisions again', async () => {
    const { saved, onlookers } = await lookOn();
    await writer.write((manager) => saved.putBack(manager));
    await toggle(AFTER + 5);
    await expectTruth(onlookers, writer);
  });

  it.each([
    ['stops short of the old head', AFTER - 2],
    ['reaches the old head again, by another road', AFTER + 1],
    ['is already beyond the old head', AFTER + 9],
  ])('is unmasked by the marks where the new history %s at the next read', async (_name, revisions) => {
    const { saved, onlookers } = await lookOn();
    await saved.putBackAndGoOn(revisions);
    await expectTruth(onlookers, writer);
    await toggle(3);
    await expectTruth(onlookers, writer);
  });

  it('may begin a new epoch', async () => {
    const { saved, onlookers } = await lookOn();
    await saved.replaceHistory('newepoch', 'newone');
    await expectTruth(onlookers, writer);
    await toggle(3);
    await expectTruth(onlookers, writer);
  });

  it('is followed by a new epoch with the revisions of the old one', async () => {
    const { saved, onlookers } = await lookOn();
    const { cursor } = await writer.truth();
    await saved.replaceHistory('nextlife', 'origin');
    const goal = Number(cursor.split('.')[1]);
    await writer.write(async (manager) => {
      for (let made = 0; made < goal; made += 1) await writer.append(manager, [content('other-epoch', `revision ${made}`)]);
    });
    expect((await writer.truth()).cursor.split('.')[1]).toBe(String(goal));
    await expectTruth(onlookers, writer);
  });

  it('makes a cursor of the lost history a full sync, said to be one', async () => {
    const poller = new SincePoller({ url: first().url, key });
    const { saved } = await lookOn();
    await poller.poll();
    await saved.putBackAndGoOn(AFTER + 9);
    const answer = await poll({ url: first().url, key, query: { since: poller.cursor } });
    // Either the node has not read yet and its client is up to date with it, or it is told to replace everything.
    const body = answer.json() as DeltaBody;
    expect([answer.status, body.mode === 'full' || body.cursor === poller.cursor]).toEqual([200, true]);
    const probe = await SseProbe.connect({ url: first().url, key, cursor: poller.cursor, mayGoBack: true });
    await probe.waitForCursor((await writer.truth()).cursor, 20_000);
    expect(probe.messages.filter(({ type }) => type === 'SyncStarted').at(-1)?.data).toMatchObject({ mode: 'full' });
    await probe.close();
  });

  it('ends the streams of a key that it knows as revoked, though it counts as many changes of keys as before', async () => {
    const old = await first().admin.createKey('production');
    const saved = await SavedHistory.save(writer);
    await first().admin.createKey('production');
    await readTheLog();
    const probes = await Promise.all(urls().map((url) => SseProbe.connect({ url, key: old.key })));
    for (const probe of probes) await probe.waitForSync(20_000);
    await writer.write(async (manager) => {
      await saved.putBack(manager);
      await manager.query(`UPDATE sdk_key SET revoked_at = '2026-01-01T00:00:00.000Z' WHERE id = $1`, [old.id]);
      await manager.query('UPDATE environment_head SET key_revision = key_revision + 1 WHERE environment_id = $1', [
        writer.environmentId,
      ]);
    });
    for (const probe of probes) {
      await probe.waitFor(({ type }) => type === 'Goodbye', 10_000);
      expect(probe.goodbye).toEqual({ reason: 'key_revoked', retry_after_ms: null });
    }
  });
});
