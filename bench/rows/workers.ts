import { freshDatabase } from '../../test/support/fresh-database.js';
import { startPostgres } from '../../test/support/postgres.js';
import { eventually } from '../../test/support/wait.js';
import { productTarget } from '../doors.js';
import { alternate } from '../pairs.js';
import { startProduct, toggling } from '../product.js';
import { connected, type Pace, round, type Side, warmUp } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { cpuPerUnit } from '../window.js';

const CLIENTS = 1000;
const WORKERS = 2;
/** As many changes at once warm up each worker: each of another flag, since their order is anybody's. */
const FLAGS = Array.from({ length: 8 }, (_, index) => `flag-${index}`);
const PACE: Pace = { changes: 60, perSecond: 10, burst: 1 };
const PATIENCE = { timeoutMs: 30_000, what: 'workers that listen' };

async function served(options: RowOptions, url: string, workers: number): Promise<Side> {
  const product = await startProduct(options.cleanUp, { database: url, env: { FLAGWIRE_WORKERS: String(workers) } });
  const { server } = product;
  // Else those that come first would have all the clients.
  await eventually(() => server.stdout().match(/Flagwire is listening/g)?.length === workers, PATIENCE);
  for (const id of FLAGS) await server.admin.createFlag(id);
  const toggle = toggling(product);
  const change = (index: number) => toggle(FLAGS[index % FLAGS.length] ?? '');
  await warmUp(change, options, FLAGS.length);
  const count = options.sized(CLIENTS);
  return { pid: server.pid, clients: await connected(productTarget('sse', product), count, options), count, change };
}

async function measure(options: RowOptions) {
  const postgres = await startPostgres();
  options.cleanUp(() => postgres.stop());
  const urlOf = async (name: string) => (await freshDatabase(name, postgres.url)).url;
  const one = await served(options, await urlOf('one'), 1);
  const all = await served(options, await urlOf('all'), WORKERS);
  const pairs = await alternate(
    options.pairs,
    async () => cpuPerUnit(await round(one, PACE)),
    async () => cpuPerUnit(await round(all, PACE)),
  );
  return {
    pairs,
    notes: [
      `CPU time of the server's processes together, PostgreSQL's apart: each worker reads each change, and has a share of the clients`,
    ],
  };
}

export const workers: readonly Row[] = [
  {
    name: `CPU per SSE delivery, ${WORKERS} workers against one, on PostgreSQL`,
    groups: ['workers'],
    unit: 'us',
    goal: { most: 1.25 },
    measure,
  },
];
