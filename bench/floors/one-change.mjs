/**
 * The statements of one change of a flag's status, in the order in which the product runs them: same tables, columns and conditions.
 * The values have the sizes that the product's have.
 */
const FLAG_STATE = `SELECT environment_id, flag_id, version, updated_at, deleted, definition FROM flag_state
  WHERE environment_id = $1 AND flag_id IN ($2)`;

/** @param locks ` FOR SHARE` and ` FOR UPDATE` where rows can be locked; @param clock SQL for microseconds. */
export const statements = ({ share, update, clock }) => ({
  project: `SELECT id, key, name, created_at, updated_at FROM project WHERE key = $1${share}`,
  environment: `SELECT id, project_id, key, name, created_at, updated_at FROM environment
    WHERE project_id = $1 AND key = $2 LIMIT 1`,
  head: `SELECT environment_id, epoch, revision, mark, http_date, origin_mark, origin_http_date, key_revision
    FROM environment_head WHERE environment_id = $1${update}`,
  flag: `SELECT id, project_id, key, name, description, value_type, variants, default_variant, tags, owner, critical, version,
    created_at, updated_at, archived_at FROM flag WHERE project_id = $1 AND key IN ($2)`,
  held: FLAG_STATE,
  setting: `SELECT flag_id, environment_id, status, default_variant, inherits_default_variant, targeting FROM flag_setting
    WHERE flag_id IN ($1) AND environment_id IN ($2)`,
  storeSetting: `INSERT INTO flag_setting (flag_id, environment_id, status, default_variant, inherits_default_variant, targeting)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (flag_id, environment_id) DO UPDATE SET flag_id = EXCLUDED.flag_id,
    environment_id = EXCLUDED.environment_id, status = EXCLUDED.status, default_variant = EXCLUDED.default_variant,
    inherits_default_variant = EXCLUDED.inherits_default_variant, targeting = EXCLUDED.targeting`,
  raise: 'UPDATE environment_head SET revision = $1, mark = $2, http_date = $3 WHERE environment_id = $4',
  append: `INSERT INTO change (environment_id, revision, epoch, mark, http_date, created_at, actor, comment, traceparent, logged_at,
    events, "before") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, ${clock}, $10, $11)`,
  storeState: `INSERT INTO flag_state (environment_id, flag_id, version, updated_at, deleted, definition)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (environment_id, flag_id) DO UPDATE SET environment_id = EXCLUDED.environment_id,
    flag_id = EXCLUDED.flag_id, version = EXCLUDED.version, updated_at = EXCLUDED.updated_at, deleted = EXCLUDED.deleted,
    definition = EXCLUDED.definition`,
});

export const REVISION = `SELECT revision FROM environment_head h JOIN environment e ON e.id = h.environment_id
  JOIN project p ON p.id = e.project_id WHERE p.key = $1 AND e.key = $2`;

/**
 * Runs them once, between the begin and the commit of the caller. @param run gives the rows of a statement, by its name;
 * @param yes and @param no as the driver takes them.
 */
export async function changeOnce(run, { project, environment, flag }, { yes, no }) {
  const [{ id: projectId }] = await run('project', [project]);
  const [{ id: environmentId }] = await run('environment', [projectId, environment]);
  const [head] = await run('head', [environmentId]);
  const [{ id: flagId }] = await run('flag', [projectId, flag]);
  await run('held', [environmentId, flag]);
  const [setting] = await run('setting', [flagId, environmentId]);
  const status = setting.status === 'enabled' ? 'disabled' : 'enabled';
  await run('storeSetting', [flagId, environmentId, status, setting.default_variant, yes, setting.targeting]);
  const [{ version: held, definition: before }] = await run('held', [environmentId, flag]);
  const now = new Date().toISOString();
  const [revision, version, mark] = [Number(head.revision) + 1, held + 1, Math.random().toString(36).slice(2, 8).padEnd(6, '0')];
  await run('raise', [revision, mark, now, environmentId]);
  const data = { flag_id: flag, old_status: setting.status, new_status: status, version, updated_at: now };
  const events = JSON.stringify([{ type: 'FlagStatusChanged', data }]);
  const row = [environmentId, revision, head.epoch, mark, now, now, 'FLAGWIRE_ADMIN_TOKEN', null, null, events, `[${before}]`];
  await run('append', row);
  const definition = JSON.parse(before);
  const after = { ...definition, status, metadata: { ...definition.metadata, version, updated_at: now } };
  await run('storeState', [environmentId, flag, version, now, no, JSON.stringify(after)]);
  return environmentId;
}
