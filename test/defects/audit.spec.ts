import { expect, it } from '@jest/globals';
import { AuditTrail } from '../../src/auth/audit/audit-trail.js';
import { RequestContext } from '../../src/common/request-context.js';
import { Database } from '../../src/database/database.js';
import { auditTrail } from '../support/audit-pages.js';
import { type FreshDatabase } from '../support/fresh-database.js';
import { eventually } from '../support/wait.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();

async function waitingWriters(database: FreshDatabase): Promise<number> {
  const rows = await database.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}

/** An audited write that stays open until `commit`. */
function write(
  node: InProcessNode,
  target: string,
  commit: Promise<void>,
  recorded: () => void = () => undefined,
): Promise<void> {
  expect(node.part(RequestContext).current).toBeNull();
  return node.part(Database).write(async (manager) => {
    await node.part(AuditTrail).record(manager, { action: 'project.created', target, project: null });
    recorded();
    await commit;
  });
}

it('rows of the audit trail become visible in the order of their ids: whoever follows it misses none', async () => {
  const database = await nodes.postgres();
  const node = await nodes.start({ databaseUrl: database.url });
  const other = await nodes.start({ databaseUrl: database.url });
  const before = (await auditTrail(node.admin)).at(-1)?.id ?? 0;

  let letGo: () => void = () => undefined;
  const commit = new Promise<void>((resolve) => (letGo = resolve));
  let hasRecorded: () => void = () => undefined;
  const recorded = new Promise<void>((resolve) => (hasRecorded = resolve));
  const slow = write(node, 'slow', commit, hasRecorded);
  await recorded;
  let isDone = false;
  const quick = write(other, 'quick', Promise.resolve()).finally(() => (isDone = true));
  await eventually(async () => isDone || (await waitingWriters(database)) > 0, {
    what: 'the second writer has come as far as it can',
  });

  // Whoever follows the trail reads what is visible now, and goes on from there.
  const seen = await auditTrail(node.admin, before);
  letGo();
  await Promise.all([slow, quick]);
  seen.push(...(await auditTrail(node.admin, seen.at(-1)?.id ?? before)));

  expect(seen.map(({ target }) => target)).toEqual(['slow', 'quick']);
  expect(seen.map(({ id }) => id)).toEqual([before + 1, before + 2]);
});

it('a write that is rolled back leaves no row in the audit trail', async () => {
  const node = await nodes.start({ databaseUrl: (await nodes.postgres()).url });
  const before = await auditTrail(node.admin);
  await expect(write(node, 'lost', Promise.reject(new Error('refused late')))).rejects.toThrow('refused late');
  expect(await auditTrail(node.admin)).toEqual(before);
});

it('every write of projects, environments, keys and tokens has its row in the audit trail', async () => {
  const { admin } = await nodes.start();
  const before = (await auditTrail(admin)).at(-1)?.id ?? 0;
  const base = '/api/projects/p';
  await admin.createProject('p');
  await admin.call('PATCH', base, { name: 'P, renamed' });
  await admin.createEnvironment('e', { project: 'p' });
  await admin.call('PATCH', `${base}/environments/e`, { name: 'E, renamed' });
  const { id } = await admin.createKey('e', 'server', {}, { project: 'p' });
  await admin.rotateKey('e', id, 60, { project: 'p' });
  await admin.call('DELETE', `${base}/environments/e/sdk-keys/${id}`);
  const token = await admin.createToken('viewer');
  await admin.call('DELETE', `/api/tokens/${token.id}`);
  await admin.call('DELETE', `${base}/environments/e`);
  await admin.call('DELETE', base);
  expect((await auditTrail(admin, before)).map(({ action }) => action)).toEqual([
    'project.created',
    'project.renamed',
    'environment.created',
    'environment.renamed',
    'sdk_key.created',
    'sdk_key.rotated',
    'sdk_key.revoked',
    'token.created',
    'token.revoked',
    'environment.deleted',
    'project.deleted',
  ]);
});
