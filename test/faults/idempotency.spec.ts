import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { type AdminAnswer } from '../support/admin-client.js';
import { auditTrail } from '../support/audit-pages.js';
import { withSeed } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const start = useServers();

const flag = (id: string) => ({ id, name: id, value_type: 'boolean', variants: { on: true, off: false } });
const postFlag = ({ admin }: TestServer, id: string, key = id): Promise<AdminAnswer> =>
  admin.request('POST', '/api/projects/default/flags', flag(id), { 'Idempotency-Key': key });
const cursorOf = ({ headers }: AdminAnswer) => headers['flagwire-cursor'];

/** As a client does it that has a key for its request: until it has an answer that is none of "try again". */
function insist(send: () => Promise<AdminAnswer>): Promise<AdminAnswer> {
  const attempt = async () => {
    const answer = await send();
    return [409, 503].includes(answer.status) ? false : answer;
  };
  return eventually(attempt, { timeoutMs: 15_000, what: 'an answer to the request' }) as Promise<AdminAnswer>;
}

/** How many revisions of production made the flag. */
async function madeIn({ admin }: TestServer, id: string): Promise<number> {
  const { items } = (await admin.changes('production', 0)).body;
  return items.filter(({ changes }) => (changes as { flag: string }[]).some((change) => change.flag === id)).length;
}

async function connect({ databaseUrl }: TestServer): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return client;
}

it('two nodes that get one key many times at once make one flag, and give one answer', async () => {
  const one = await start({ database: 'postgres' });
  const other = await start({ database: one.databaseUrl });
  for (const id of ['burst-1', 'burst-2', 'burst-3', 'burst-4', 'burst-5']) {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => postFlag(index % 2 === 0 ? one : other, id)));
    const final = [await insist(() => postFlag(one, id)), await insist(() => postFlag(other, id))];
    const done = [...answers.filter(({ status }) => status !== 409), ...final];
    expect(new Set(answers.map(({ status }) => status)).size).toBeLessThanOrEqual(2);
    expect(done.map(({ status }) => status)).toEqual(done.map(() => 201));
    expect(new Set(done.map((answer) => JSON.stringify([answer.body, cursorOf(answer), answer.headers.etag]))).size).toBe(1);
    expect(await madeIn(one, id)).toBe(1);
  }
});

it('a node killed before the commit has done nothing, and leaves no key behind that would be in the way', async () => {
  const one = await start({ database: 'postgres' });
  const other = await start({ database: one.databaseUrl });
  const [holder, watcher] = [await connect(one), await connect(one)];
  await holder.query('BEGIN');
  // The flag is written, and its answer cannot be: the node stands between the two.
  await holder.query('LOCK TABLE idempotent_answer IN EXCLUSIVE MODE');
  const lost = postFlag(one, 'torn').catch(() => 'lost');
  const isWaiting = async () => {
    const { rows } = await watcher.query<{ query: string }>(
      `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.some(({ query }) => query.startsWith('INSERT INTO "idempotent_answer"'));
  };
  await eventually(isWaiting, { what: 'the node has come to the answer' });
  await one.kill('SIGKILL');
  expect(await lost).toBe('lost');
  await holder.query('ROLLBACK');
  await Promise.all([holder.end(), watcher.end()]);

  const answer = await insist(() => postFlag(other, 'torn'));
  expect(answer.status).toBe(201);
  expect(await madeIn(other, 'torn')).toBe(1);
});

it('a node killed after the commit has given its answer to the database: the next node gives it', async () => {
  const one = await start({ database: 'postgres' });
  const other = await start({ database: one.databaseUrl });
  const watcher = await connect(one);
  const lost = postFlag(one, 'answered').catch(() => null);
  await eventually(async () => (await watcher.query('SELECT 1 FROM idempotent_answer')).rows.length > 0, { intervalMs: 1 });
  await one.kill('SIGKILL');
  await lost;
  await watcher.end();
  const [answer, again] = [await insist(() => postFlag(other, 'answered')), await insist(() => postFlag(other, 'answered'))];
  expect([answer.status, again.status]).toEqual([201, 201]);
  expect([answer.body, cursorOf(answer)]).toEqual([again.body, cursorOf(again)]);
  expect(await madeIn(other, 'answered')).toBe(1);
});

describeEachDatabase('a client that sends its requests until they are answered', (database) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start({ database });
  });

  const postToken = (name: string) =>
    server.admin.request('POST', '/api/tokens', { name, role: 'viewer' }, { 'Idempotency-Key': `token-${name}` });

  // A test of its own for each: a start of the server is nearly all of the time it takes, and five of them add up.
  it.each([1, 2, 3, 4, 5])('has each of them done once, whenever the server is killed: %s', async (round) => {
    await withSeed(async (random) => {
      const id = `round-${round}`;
      const sending = [postFlag(server, id), postToken(id)].map((answer) => answer.catch(() => null));
      await sleep(random.int(0, 30)); // the moment is what is random here
      await server.restart('SIGKILL');
      const early = await Promise.all(sending);
      const late = [await insist(() => postFlag(server, id)), await insist(() => postToken(id))];
      expect(late.map(({ status }) => status)).toEqual([201, 201]);
      // What was answered before the end is answered so again.
      const bodies = late.map(({ body }) => body);
      expect(early.map((answer, index) => answer?.body ?? bodies[index])).toEqual(bodies);
      expect(await madeIn(server, id)).toBe(1);
      const made = (await auditTrail(server.admin)).filter(({ details }) => details['name'] === id);
      expect(made).toHaveLength(1);
    });
  });
});
