import { expect, it } from '@jest/globals';
import { auditTrail } from '../support/audit-pages.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();

const flag = (id: string, fields: object = {}) => ({
  ...{ id, name: id, value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' },
  ...fields,
});
const documentOf = (...flags: object[]) => ({ format: 'flagwire', version: 1, flags });
const environments = ['development', 'staging', 'production'];

/** What the database holds of the project, of its logs and of the trail. */
async function everything(node: InProcessNode): Promise<unknown> {
  const flags = await node.admin.call('GET', '/api/projects/default/flags?limit=100');
  const logs = await Promise.all(environments.map(async (key) => (await node.admin.changes(key)).body.items));
  return [flags.body, logs, await auditTrail(node.admin)];
}

it('an import is there whole or not at all, in every environment', async () => {
  const database = await nodes.postgres();
  const node = await nodes.start({ databaseUrl: database.url });
  await node.admin.createFlag('old');
  const before = await everything(node);
  // The last of the environments takes no second revision.
  const [staging] = await database.query("SELECT id FROM environment WHERE key = 'staging'");
  await database.query(
    `ALTER TABLE change ADD CONSTRAINT none CHECK (environment_id <> '${String(staging?.['id'])}' OR revision < 2)`,
  );
  const document = documentOf(flag('new'), flag('old', { name: 'Another' }));
  expect((await node.admin.request('POST', '/api/projects/default/import', document)).status).toBe(500);
  expect(await everything(node)).toEqual(before);
  await database.query('ALTER TABLE change DROP CONSTRAINT none');
  const { cursors } = await node.admin.import(document);
  expect(Object.values(cursors).map((cursor) => cursor.split('.')[1])).toEqual(['2', '2', '2']);
});

it('a dry run writes nothing, also where its answer is kept', async () => {
  const node = await nodes.start();
  await node.admin.createFlag('old');
  const before = await everything(node);
  const document = { ...documentOf(flag('new')), environments: [{ key: 'made', name: 'Made' }] };
  for (const headers of [{}, { 'Idempotency-Key': 'dry' }]) {
    const { body } = await node.admin.import(document, '?dry_run=true&mode=replace', { headers });
    expect(body).toMatchObject({ dry_run: true, flags: { created: 1, archived: 1 } });
    expect(await everything(node)).toEqual(before);
  }
});

it('a rollback puts back what was there', async () => {
  const node = await nodes.start();
  await node.admin.createFlag('old');
  const then = await node.admin.patchEnv('old', 'production', { status: 'enabled', targeting: { if: [true, 'on'] } });
  await node.admin.patchEnv('old', 'production', { status: 'disabled', targeting: {} });
  await node.admin.rollback('production', 2);
  const now = await node.admin.getEnv('old', 'production');
  expect(now.body).toMatchObject({ status: 'enabled', targeting: then.body.targeting });
});
