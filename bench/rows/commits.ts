import { join } from 'node:path';
import libsql from 'libsql';
import { freshDatabase } from '../../test/support/fresh-database.js';
import { startPostgres } from '../../test/support/postgres.js';
import { alternate } from '../pairs.js';
import { type Product, settingsPath, startProduct } from '../product.js';
import { startFloor, startProgram } from '../programs.js';
import { type Row, type RowOptions } from '../row.js';
import { type Window } from '../window.js';

/** As many as a node lets at its database at once. */
const WRITERS = 8;
const WINDOW_MS = 5000;
const FLAGS = Array.from({ length: WRITERS }, (_, index) => `flag-${index}`);

interface Committed {
  committed: number;
  ms: number;
}

/** A commit is one that a power cut leaves: the tests' PostgreSQL does not write through by itself. */
const DURABLE = { fsync: 'on', full_page_writes: 'on' };

interface Databases {
  /** Of the product. */
  url: string;
  /** The URL of a copy, made while nobody is connected. */
  copy: () => Promise<string>;
}

async function postgres(cleanUp: RowOptions['cleanUp']): Promise<Databases> {
  const server = await startPostgres({ settings: DURABLE });
  cleanUp(() => server.stop());
  const { url, name } = await freshDatabase('product', server.url);
  // A database is copied by a session of another one.
  const other = await freshDatabase('other', server.url);
  const copy = async () => {
    await other.query(`CREATE DATABASE copy TEMPLATE ${name}`);
    return url.replace(name, 'copy');
  };
  return { url, copy };
}

/** @param made revisions that the log has gained. */
function changesPerSecond({ committed, ms }: Committed, made: number): Window {
  const faults = committed > 0 && made === committed ? [] : [`${committed} changes made ${made} revisions`];
  return { figure: (committed * 1000) / ms, faults, parts: { committed, ms } };
}

async function measure(options: RowOptions, kind: 'sqlite' | 'postgres') {
  const databases = kind === 'postgres' ? await postgres(options.cleanUp) : null;
  const product = await startProduct(options.cleanUp, databases === null ? {} : { database: databases.url });
  const { server } = product;
  for (const flag of FLAGS) {
    await server.admin.createFlag(flag);
    // A flag that was never set has no row to be changed; and the writers begin with `disabled`.
    await server.admin.patchEnv(flag, product.environment, { status: 'enabled' });
  }
  await server.stop();
  const url = databases === null ? copyOf(product) : await databases.copy();
  await server.restart();
  const writers = startProgram('load/writers.mjs', options.cleanUp);
  const floor = await startFloor(kind, options.cleanUp);
  const paths = FLAGS.map((flag) => settingsPath(product, flag));
  const target = { port: server.port, token: server.adminToken, paths, ms: WINDOW_MS };
  const run = { url, project: product.project, environment: product.environment, flags: FLAGS, ms: WINDOW_MS };
  const revision = async () => (await server.admin.getEnvironment(product.environment)).body.revision;
  const pairs = await alternate(
    options.pairs,
    async () => {
      const committed = await floor.program.ask<Committed & { made: number }>({ run });
      return changesPerSecond(committed, committed.made);
    },
    async () => {
      const before = await revision();
      const committed = await writers.ask<Committed>({ write: target });
      return changesPerSecond(committed, (await revision()) - before);
    },
  );
  return {
    pairs,
    notes: [`${WRITERS} writers, each with a flag of its own, in one environment; each commit is written through`],
  };
}

function copyOf({ server }: Product): string {
  const copy = join(server.dataDir, 'copy.db');
  const database = new libsql(server.databaseUrl.replace('sqlite:', ''));
  database.exec(`VACUUM INTO '${copy}'`);
  database.close();
  return `sqlite:${copy}`;
}

const row = (name: string, kind: 'sqlite' | 'postgres'): Row => ({
  name: `committed changes per second, ${name}`,
  groups: ['commits'],
  unit: '/s',
  goal: { least: 0.6 },
  measure: (options) => measure(options, kind),
});

export const commits: readonly Row[] = [row('SQLite', 'sqlite'), row('PostgreSQL', 'postgres')];
