import { expect, it } from '@jest/globals';
import { metric } from '../e2e/support/metrics.js';
import { useServers } from '../support/use-servers.js';
import { CHANGES, closeAll, Crowd, type Door, DOORS, growth, QUIET } from './support/crowd.js';

const startServer = useServers();
const FEW = 10;
const MORE = 200;
/** Rounds until V8 has optimized what is measured. */
const WARM_UP = 6;
const ATTEMPTS = 5;
/** Of the heap. Seen: 190 to 290; a text made for each client would be more than 300 beside that. */
const MOST_BYTES = 450;
/** Room for what a round allocates: then the collector seldom runs, and what is in use only grows. */
const SELDOM_COLLECTED = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

type Clients = Awaited<ReturnType<Crowd['connect']>>;

/** Bytes that the server allocates in a round of changes, in which nothing is collected. */
async function allocated(crowd: Crowd, clients: Clients): Promise<number> {
  const used = () => metric(crowd.server, 'nodejs_heap_size_used_bytes');
  // There is no line before the first.
  const collections = () => metric(crowd.server, 'nodejs_gc_duration_seconds_count').catch(() => 0);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await collections();
    const bytes = await growth(used, () => crowd.makeChanges(clients));
    if ((await collections()) === before) return bytes;
  }
  throw new Error(`The collector ran in each of ${ATTEMPTS} rounds`);
}

// Between two crowds, so that what a change allocates by itself drops out: it is a thousand times as much.
it.each(Object.keys(DOORS) as Door[])('a delivery over %s allocates little, and no text of its own', async (door) => {
  const crowd = await Crowd.of(await startServer({ env: QUIET, nodeArgs: SELDOM_COLLECTED }));
  const some = await crowd.connect(FEW, door);
  const more = await crowd.connect(MORE, door);
  for (let round = 0; round < WARM_UP; round += 1) await crowd.makeChanges([...some, ...more]);
  const many = await allocated(crowd, [...some, ...more]);
  await closeAll(more);
  const few = await allocated(crowd, some);
  await closeAll(some);
  expect((many - few) / (MORE * CHANGES)).toBeLessThan(MOST_BYTES);
});
