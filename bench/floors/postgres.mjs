/**
 * The floor of committed changes on PostgreSQL: the bare driver, on a copy of the product's database.
 * `{ run: { url, project, environment, flags, ms } }` has one writer for each flag, with a connection of its own, for so long; answers
 * how many changes were committed, and how many revisions that made.
 */
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { changeOnce, REVISION, statements } from './one-change.mjs';

const CLOCK = '(extract(epoch from clock_timestamp()) * 1000000)::bigint';
const SQL = statements({ share: ' FOR SHARE', update: ' FOR UPDATE', clock: CLOCK });
const clients = [];

async function connected(url, count) {
  while (clients.length < count) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    clients.push(client);
  }
  return clients;
}

async function writer(client, target, isOver) {
  const run = async (name, values) => (await client.query(SQL[name], values)).rows;
  let committed = 0;
  for (; !isOver(); committed += 1) {
    await client.query('START TRANSACTION');
    const environmentId = await changeOnce(run, target, { yes: true, no: false });
    await client.query('SELECT pg_notify($1, $2)', ['flagwire', environmentId]);
    await client.query('COMMIT');
  }
  return committed;
}

async function runFor({ url, flags, ms, ...where }) {
  const open = await connected(url, flags.length);
  const revision = async () => Number((await open[0].query(REVISION, [where.project, where.environment])).rows[0].revision);
  const before = await revision();
  const from = performance.now();
  const isOver = () => performance.now() - from >= ms;
  const counts = await Promise.all(flags.map((flag, index) => writer(open[index], { ...where, flag }, isOver)));
  const took = performance.now() - from;
  return { committed: counts.reduce((sum, count) => sum + count, 0), ms: took, made: (await revision()) - before };
}

process.on('message', async (message) => process.send(await runFor(message.run)));
process.on('disconnect', () => process.exit());
process.send({ port: 0 });
