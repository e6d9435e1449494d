import { expect, it } from '@jest/globals';
import pg from 'pg';
import { IdempotentAnswers } from '../../src/auth/idempotency/idempotent-answers.js';
import { SystemClock } from '../../src/common/clock.js';
import { Database } from '../../src/database/database.js';
import { type AdminAnswer } from '../support/admin-client.js';
import { auditTrail } from '../support/audit-pages.js';
import { eventually } from '../support/wait.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();
const HOUR = 3_600_000;

class LaterClock extends SystemClock {
  laterMs = 0;
  override now(): number {
    return super.now() + this.laterMs;
  }
}

const project = (node: InProcessNode, key: string, idempotencyKey: string) =>
  node.admin.request('POST', '/api/projects', { key, name: key }, { 'Idempotency-Key': idempotencyKey });
const outcome = ({ status, body }: AdminAnswer) => [status, (body as { code?: string }).code];
const rowsFor = async (node: InProcessNode, target: string) =>
  (await auditTrail(node.admin)).filter((row) => row.target === target).length;

it('a POST that comes again with its Idempotency-Key is done once, and has the same answer', async () => {
  const node = await nodes.start();
  const first = await project(node, 'once', 'k1');
  const again = await project(node, 'once', 'k1');
  expect(first.status).toBe(201);
  expect([again.status, again.headers.location, again.body]).toEqual([201, '/api/projects/once', first.body]);
  expect(await rowsFor(node, 'once')).toBe(1);
});

it('of two nodes that get one Idempotency-Key at once, one does it, and the other says that it is under way', async () => {
  const database = await nodes.postgres();
  const [one, other] = [await nodes.start({ databaseUrl: database.url }), await nodes.start({ databaseUrl: database.url })];
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT * FROM audit_head FOR UPDATE');
  const first = project(one, 'held', 'k2');
  await eventually(async () => {
    const waiting = await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  });
  // Without the lock it would wait for the first one's rows: what it says is then another thing.
  const second = project(other, 'held', 'k2');
  expect(outcome(await project(one, 'held', 'k2'))).toEqual([409, 'request_in_progress']);
  expect(outcome(await second)).toEqual([409, 'request_in_progress']);
  await holder.query('ROLLBACK');
  await holder.end();
  const { status, body } = await first;
  expect(status).toBe(201);
  expect(await project(other, 'held', 'k2')).toMatchObject({ status: 201, body });
  expect(await rowsFor(one, 'held')).toBe(1);
});

it('what was done and its answer are there together or not at all', async () => {
  const database = await nodes.postgres();
  const node = await nodes.start({ databaseUrl: database.url });
  await database.query('ALTER TABLE idempotent_answer ADD CONSTRAINT none CHECK (false) NOT VALID');
  expect(outcome(await project(node, 'torn', 'k3'))).toEqual([500, 'internal_error']);
  expect((await node.admin.request('GET', '/api/projects/torn')).status).toBe(404);
  expect(await rowsFor(node, 'torn')).toBe(0);
  await database.query('ALTER TABLE idempotent_answer DROP CONSTRAINT none');
  expect((await project(node, 'torn', 'k3')).status).toBe(201);
});

it('an answer is given again for 24 hours, and swept then', async () => {
  const clock = new LaterClock();
  const node = await nodes.start({ clock });
  const answers = node.part(IdempotentAnswers);
  const kept = () => node.part(Database).read((manager) => manager.query<unknown[]>('SELECT id FROM idempotent_answer'));
  await project(node, 'kept', 'k4');
  clock.laterMs = 24 * HOUR - 60_000;
  await answers.sweep();
  expect((await project(node, 'kept', 'k4')).status).toBe(201);
  clock.laterMs = 24 * HOUR + 1;
  // Also before it is swept.
  expect(outcome(await project(node, 'kept', 'k4'))).toEqual([409, 'project_exists']);
  expect(await kept()).toHaveLength(1);
  await answers.sweep();
  expect(await kept()).toEqual([]);
});
