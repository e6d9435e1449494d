import { expect, it } from '@jest/globals';
import { metric } from '../e2e/support/metrics.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { growth, QUIET } from './support/crowd.js';

const startServer = useServers();
const FLAGS = 500;
/** Answers until V8 has optimized what is measured, and has chosen where each place of the code puts its objects. */
const WARM_UP = 600;
const ANSWERS = 300;
const AT_ONCE = 4;
const ATTEMPTS = 5;
/** For each answer. Seen: 0 to 1,000; where V8 may choose, 15,000 to 20,000. */
const MOST_BYTES = 4000;

const document = {
  flags: Object.fromEntries(
    Array.from({ length: FLAGS }, (_, index) => [
      `flag-${index}`,
      {
        state: 'ENABLED',
        variants: { on: true, off: false },
        defaultVariant: 'off',
        targeting: { if: [{ and: [{ '>=': [{ var: 'age' }, 18] }, { '!=': [{ var: 'plan' }, 'free'] }] }, 'on', 'off'] },
      },
    ]),
  ),
};

/** Asks for all flags, for as many contexts. */
async function ask({ url }: TestServer, key: string, answers: number): Promise<void> {
  for (let at = 0; at < answers; at += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, more) => {
        const response = await fetch(`${url}/ofrep/v1/evaluate/flags`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ context: { targetingKey: `user-${at + more}`, age: 12 + (at % 20), plan: 'pro' } }),
        });
        expect((await response.text()).length).toBeGreaterThan(FLAGS * 80);
      }),
    );
  }
}

// Objects that die young cost nothing; among old ones each has to be found dead by a collection of the whole heap.
it('what a bulk answer is made of is not put among old objects', async () => {
  const server = await startServer({ env: QUIET });
  await server.admin.import(document, '?format=flagd&environment=production');
  const { key } = await server.admin.createKey('production');
  await ask(server, key, WARM_UP);
  const old = () => metric(server, 'nodejs_heap_space_size_used_bytes', 'space="old"');
  const collections = () => metric(server, 'nodejs_gc_duration_seconds_count', 'kind="major"');
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await collections();
    const bytes = await growth(old, () => ask(server, key, ANSWERS));
    if ((await collections()) > before) continue;
    expect(bytes / ANSWERS).toBeLessThan(MOST_BYTES);
    return;
  }
  throw new Error(`The whole heap was collected in each of ${ATTEMPTS} rounds`);
});
