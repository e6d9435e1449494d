import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { projectRoot } from '../../support/project-root.js';
import { cleanEnvironment } from '../../support/server-process.js';
import { runServerToEnd } from '../../support/server.js';
import { type Bench } from '../bench.js';
import { type Check } from '../check.js';
import { fileOf, rowsOf } from '../database.js';
import { ShellCommand } from '../shell-command.js';

/** https://www.sqlite.org/fileformat.html#file_format_version_numbers: 2 is WAL. */
const [WRITE_VERSION, READ_VERSION, IS_WAL] = [18, 19, 2];
const CONNECTION =
  'SELECT foreign_keys, synchronous, journal_mode FROM pragma_foreign_keys, pragma_synchronous, pragma_journal_mode';

/** What `npm run typeorm -- <command>` runs, without npm: TypeORM's command line with `ormconfig.ts`. */
async function typeorm(bench: Bench, databaseUrl: string, command: string): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { scripts: { typeorm: string } };
  const shell = new ShellCommand(`${manifest.scripts.typeorm} ${command}`, cleanEnvironment({ DATABASE_URL: databaseUrl }));
  bench.defer(() => shell.end());
  const code = await shell.exitCode();
  assert.equal(code, 0, `${command} ended with ${code}: ${shell.stdout}${shell.stderr}`);
  return shell.stdout;
}

const migrationsOf = (databaseUrl: string) =>
  rowsOf<{ id: number; name: string }>(databaseUrl, 'SELECT id, name FROM migrations ORDER BY id');

export const persistence: readonly Check[] = [
  {
    sentence: 'A second start keeps the schema, flags, keys and the trail, to the mark of the cursor',
    async run(bench) {
      const server = await bench.restartable();
      const work = await bench.workspace(server);
      await work.flag('kept', { tags: ['a'] });
      const cursor = await work.edit('kept', { targeting: { if: [{ '==': [{ var: 'x' }, 1] }, 'on', 'off'] } });
      const [flags, trail] = [(await work.poll()).text, JSON.stringify(await work.trail())];
      const migrations = await migrationsOf(server.databaseUrl);
      assert.ok(migrations.length > 0);
      await server.restart('SIGKILL');
      assert.equal((await work.poll()).text, flags);
      assert.equal(JSON.stringify(await work.trail()), trail);
      assert.deepEqual(await migrationsOf(server.databaseUrl), migrations);
      const next = await work.edit('kept', { status: 'disabled' });
      assert.equal(next.split('.')[1], String(Number(cursor.split('.')[1]) + 1));
      return `after kill -9 still at ${cursor}, then ${next}; ${migrations.map(({ name }) => name).join(', ')} ran once`;
    },
  },
  {
    sentence: "ormconfig.ts serves TypeORM's command line: it shows the migration that the server ran",
    async run(bench) {
      const { databaseUrl } = await bench.shared();
      const done = await typeorm(bench, databaseUrl, 'migration:show');
      assert.match(done, /\[X\].*InitialSchema/);
      assert.doesNotMatch(done, /\[ \]/);
      return /\[X\].*/.exec(done)?.[0].trim() ?? '';
    },
  },
  {
    sentence: 'On an empty database it shows what has to run',
    on: 'sqlite',
    async run(bench) {
      const pending = await typeorm(bench, `sqlite:${join(bench.folder(), 'empty.db')}`, 'migration:show');
      assert.match(pending, /\[ \].*InitialSchema/);
      return /\[ \].*/.exec(pending)?.[0].trim() ?? '';
    },
  },
  {
    sentence: 'The SQLite file is in WAL mode',
    on: 'sqlite',
    async run(bench) {
      const server = await bench.shared();
      const file = fileOf(server.databaseUrl);
      const header = readFileSync(file).subarray(0, 20);
      assert.deepEqual([header[WRITE_VERSION], header[READ_VERSION]], [IS_WAL, IS_WAL]);
      assert.ok(existsSync(`${file}-wal`));
      return `header versions ${header[WRITE_VERSION]} and ${header[READ_VERSION]}, ${statSync(`${file}-wal`).size} bytes in -wal`;
    },
  },
  {
    sentence: 'Connections to SQLite have foreign keys on, synchronous FULL and the journal WAL',
    on: 'sqlite',
    async run(bench) {
      const { databaseUrl } = await bench.shared();
      // With the server's own options: ormconfig.ts takes them over.
      const printed = await typeorm(bench, databaseUrl, `query '${CONNECTION}'`);
      const output = stripVTControlCharacters(printed).replaceAll(/["']/g, '');
      const seen = ['foreign_keys: 1', 'synchronous: 2', 'journal_mode: wal'];
      for (const setting of seen) assert.ok(output.includes(setting), `no ${setting} in ${output}`);
      return `${seen.join(', ')}, as ormconfig.ts opens it`;
    },
  },
  {
    sentence: 'A second server on the same SQLite file refuses to start',
    on: 'sqlite',
    async run(bench) {
      const { databaseUrl } = await bench.shared();
      const { code, stderr, stdout } = await runServerToEnd({ database: databaseUrl });
      assert.notEqual(code, 0);
      const said = /.*in use by another.*/.exec(stderr + stdout)?.[0];
      assert.ok(said !== undefined, stderr + stdout);
      return `exit code ${code}: ${said.trim().replaceAll(databaseUrl.slice(7), 'the file').slice(0, 100)}…`;
    },
  },
  {
    sentence: 'What belongs to a deleted project goes with it, by foreign keys',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('orphan');
      const [project] = await rowsOf<{ id: string }>(
        work.server.databaseUrl,
        `SELECT id FROM project WHERE key = '${work.project}'`,
      );
      const [environment] = await rowsOf<{ id: string }>(
        work.server.databaseUrl,
        `SELECT id FROM environment WHERE project_id = '${project?.id}'`,
      );
      const left = async () => {
        const tables = ['flag_state', 'change', 'environment_head', 'sdk_key', 'flag_setting'];
        const counts = tables.map((table) => `SELECT count(*) AS n FROM "${table}" WHERE environment_id = '${environment?.id}'`);
        const rows = await rowsOf<{ n: number | string }>(work.server.databaseUrl, counts.join(' UNION ALL '));
        return rows.map(({ n }) => Number(n));
      };
      const before = await left();
      assert.ok(
        before.every((count) => count > 0),
        before.join(', '),
      );
      await work.admin.deleteProject(work.project);
      assert.deepEqual(await left(), [0, 0, 0, 0, 0]);
      return `rows in five tables: ${before.join(', ')}, afterwards ${(await left()).join(', ')}`;
    },
  },
];
