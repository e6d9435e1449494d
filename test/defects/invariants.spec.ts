import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ChangeFeed } from '../../src/changes/change-feed.js';
import { Database } from '../../src/database/database.js';
import { type FreshDatabase } from '../support/fresh-database.js';
import { eventually } from '../support/wait.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();

class Refused extends Error {}
const refuse = () => Promise.reject(new Refused('at the end'));

const REVISIONS = 'SELECT revision FROM "change" ORDER BY revision';

describe('on SQLite', () => {
  let node: InProcessNode;
  beforeAll(async () => {
    node = await nodes.start();
  });

  it('invariant 1: two transactions never share one: what commits while another one fails late stays', async () => {
    const database = node.part(Database);
    let letGo: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const failing = node.append('fails', '', () => gate.then(refuse));
    const good = node.append('good');
    setImmediate(letGo);
    await expect(failing).rejects.toThrow(Refused);
    await good;
    const rows = await database.read((manager) => manager.query<{ flag_id: string }[]>('SELECT flag_id FROM flag_state'));
    expect(rows.map(({ flag_id }) => flag_id)).toEqual(['good']);
  });

  it('invariant 2: nothing is read, or sent, before it is committed', async () => {
    const key = await node.key();
    await node.part(ChangeFeed).catchUp();
    const probe = await node.stream({ key });
    const unseen = node.append('never', '', async () => {
      await node.part(ChangeFeed).catchUp();
      return refuse();
    });
    await expect(unseen).rejects.toThrow(Refused);
    const cursor = await node.append('seen');
    await node.part(ChangeFeed).catchUp();
    await probe.waitForCursor(cursor);
    expect(probe.applied.map(({ events }) => events.map(({ data }) => ('id' in data ? data.id : null)))).toEqual([['seen']]);
    probe.assertInOrder();
    await probe.close();
  });

  it('invariant 2: a row at the own head that is another one by now means a full sync in place', async () => {
    const lost = await node.append('lost');
    await node.part(ChangeFeed).catchUp();
    const probe = await node.stream({ key: await node.key(), mayGoBack: true });
    // A back-up without it, restored, in which the same revision was made again with other content.
    await node.part(Database).write(async (manager) => {
      await manager.query(`UPDATE "change" SET mark = 'newone', events = replace(events, '"lost"', '"found"') WHERE mark = $1`, [
        lost.split('.')[2],
      ]);
      await manager.query(
        `UPDATE flag_state SET flag_id = 'found', definition = replace(definition, '"lost"', '"found"') WHERE flag_id = 'lost'`,
      );
    });
    await node.append('later');
    await node.part(ChangeFeed).catchUp();
    await probe.waitForState((state) => state.has('later') && state.has('found') && !state.has('lost'));
    expect(probe.messages.filter(({ type }) => type === 'SyncStarted').at(-1)?.data).toMatchObject({ mode: 'full' });
    await probe.close();
  });
});

describe('on PostgreSQL', () => {
  let database: FreshDatabase;
  let node: InProcessNode;
  beforeAll(async () => {
    database = await nodes.postgres();
    node = await nodes.start({ databaseUrl: database.url });
  });

  it('invariant 1: the row of the log is written in the transaction of the change, and goes with it', async () => {
    await expect(node.append('never', '', refuse)).rejects.toThrow(Refused);
    expect(await database.query(REVISIONS)).toEqual([]);
    await node.append('once');
    expect(await database.query(REVISIONS)).toEqual([{ revision: '1' }]);
  });

  it('invariant 3: what a replica is loaded from is the database at one moment', async () => {
    const read = 'SELECT revision FROM environment_head WHERE revision > 0';
    const seen = await node.part(Database).snapshot(async (manager) => {
      const before: unknown = await manager.query(read);
      await node.append('meanwhile');
      return [before, await manager.query<unknown>(read)];
    });
    expect(seen[0]).toEqual(seen[1]);
    expect(await database.query(read)).not.toEqual(seen[1]);
  });

  it('invariant 6: a wake-up leaves with the commit, never before', async () => {
    const listener = new pg.Client({ connectionString: database.url });
    const heard: unknown[] = [];
    listener.on('notification', ({ payload = '' }) => payload.startsWith('echo ') || heard.push(payload));
    await listener.connect();
    await listener.query('LISTEN flagwire');
    const beforeCommit: unknown[] = [];
    await node.append('announced', '', async () => {
      // It is delivered after whatever was sent before it.
      await database.query(`SELECT pg_notify('flagwire', 'another writer')`);
      await eventually(() => heard.includes('another writer'));
      beforeCommit.push(...heard);
    });
    expect(beforeCommit).toEqual(['another writer']);
    await eventually(() => heard.includes(node.replica.environment.id));
    await listener.end();
  });
});
