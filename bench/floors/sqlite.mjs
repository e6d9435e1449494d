/**
 * The floor of committed changes on SQLite: the bare driver, on a copy of the product's database, opened as the product opens it.
 * `{ run: { url, project, environment, flags, ms } }` changes one flag after the other for so long; answers how many were
 * committed, and how many revisions that made.
 */
import libsql from 'libsql';
import { performance } from 'node:perf_hooks';
import { changeOnce, REVISION, statements } from './one-change.mjs';

const DIALECT = { share: '', update: '', clock: "CAST(unixepoch('subsec') * 1000000 AS integer)" };
let open;

function opened(url) {
  if (open !== undefined) return open;
  const database = new libsql(url.replace('sqlite:', ''));
  for (const pragma of ['busy_timeout = 5000', 'journal_mode = WAL', 'synchronous = FULL']) database.pragma(pragma);
  const prepare = (sql) => database.prepare(sql.replaceAll(/\$\d+/g, '?'));
  const prepared = Object.fromEntries(Object.entries(statements(DIALECT)).map(([name, sql]) => [name, prepare(sql)]));
  const run = (name, values) => (prepared[name].reader ? prepared[name].all(...values) : prepared[name].run(...values));
  const revision = ({ project, environment }) => prepare(REVISION).all(project, environment)[0].revision;
  open = { run, revision, begin: database.prepare('BEGIN TRANSACTION'), commit: database.prepare('COMMIT') };
  return open;
}

async function runFor({ url, flags, ms, ...where }) {
  const { run, revision, begin, commit } = opened(url);
  const before = revision(where);
  const from = performance.now();
  let committed = 0;
  for (; performance.now() - from < ms; committed += 1) {
    begin.run();
    await changeOnce(run, { ...where, flag: flags[committed % flags.length] }, { yes: 1, no: 0 });
    commit.run();
  }
  return { committed, ms: performance.now() - from, made: revision(where) - before };
}

process.on('message', async (message) => process.send(await runFor(message.run)));
process.on('disconnect', () => process.exit());
process.send({ port: 0 });
