import { cpuBetween, cpuOf } from '../cpu-clock.js';
import { alternate, median } from '../pairs.js';
import { startProduct } from '../product.js';
import { type Program, startFloor, startProgram } from '../programs.js';
import { WARM } from '../rounds.js';
import { type Row, type RowOptions } from '../row.js';
import { cpuPerUnit, type Window } from '../window.js';

const FLAGS = 1000;
/** A second; far below what either side can answer. */
const RATE = 150;
const WINDOW_MS = 6000;
/** Of flagd-core alone, without a request for each. */
const BARE_ROUNDS = 500;

/** What people write: a comparison, a list, an address, a split, a version, and two conditions with an else. */
const RULES: readonly ((index: number) => object)[] = [
  () => ({ if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] }),
  (index) => ({ if: [{ in: [{ var: 'country' }, ['FR', 'DE', `X${index}`]] }, 'on', null] }),
  () => ({ if: [{ ends_with: [{ var: 'email' }, '@example.com'] }, 'on', 'off'] }),
  (index) => ({
    fractional: [
      ['on', 1 + (index % 99)],
      ['off', 99 - (index % 99)],
    ],
  }),
  () => ({ if: [{ sem_ver: [{ var: 'version' }, '>=', '2.1.0'] }, 'on', 'off'] }),
  () => {
    const isAdult = { and: [{ '>=': [{ var: 'age' }, 18] }, { '!=': [{ var: 'plan' }, 'free'] }] };
    return { if: [isAdult, 'on', { '==': [{ var: 'beta' }, true] }, 'on', 'off'] };
  },
];

/** A flag file of flagd. */
const document = {
  flags: Object.fromEntries(
    Array.from({ length: FLAGS }, (_, index) => {
      const targeting = RULES[index % RULES.length]?.(index);
      return [`flag-${index}`, { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting }];
    }),
  ),
};
const contexts = Array.from({ length: 48 }, (_, index) => ({
  targetingKey: `user-${index}`,
  plan: index % 2 === 0 ? 'pro' : 'free',
  country: ['FR', 'DE', 'JP'][index % 3],
  email: `user-${index}@example.${index % 4 === 0 ? 'com' : 'org'}`,
  version: `2.${index % 3}.0`,
  age: 12 + index,
  beta: index % 5 === 0,
}));

interface Answers {
  wanted: number;
  statuses: Record<string, number>;
  bytes: number;
}

interface Side {
  pid: number;
  url: string;
  headers: Record<string, string>;
}

async function run(
  clients: Program,
  { pid, ...target }: Side,
  rate: number,
  ms = WINDOW_MS,
): Promise<Window & { bytes: number }> {
  const before = cpuOf(pid);
  const from = performance.now();
  const evaluate = { ...target, contexts, rate, ms };
  const { wanted, statuses, bytes } = await clients.ask<Answers>({ evaluate });
  const cpu = cpuBetween(before, cpuOf(pid));
  const units = statuses['200'] ?? 0;
  const faults = units === wanted ? [] : [`${wanted} requests were answered ${JSON.stringify(statuses)}`];
  return { ...cpuPerUnit({ units, cpu, wallMs: performance.now() - from, faults }), bytes };
}

/** Microseconds in which flagd-core alone resolves all flags. */
async function bareUs({ pid, url }: Side): Promise<number> {
  const body = JSON.stringify({ context: contexts[0] });
  const before = cpuOf(pid);
  await fetch(`${url}?bare=${BARE_ROUNDS}`, { method: 'POST', body });
  return cpuBetween(before, cpuOf(pid)).total / BARE_ROUNDS;
}

async function measure({ pairs, sized, cleanUp }: RowOptions) {
  const { server } = await startProduct(cleanUp);
  await server.admin.import(document, '?format=flagd&environment=production');
  const { key } = await server.admin.createKey('production', 'client');
  const headers = { Authorization: `Bearer ${key}` };
  const product: Side = { pid: server.pid, url: `${server.url}/ofrep/v1/evaluate/flags`, headers };
  const { pid, url } = await startFloor('bulk-evaluation', cleanUp);
  const floor: Side = { pid, url: `${url}/`, headers: {} };
  const rate = sized(RATE);
  await fetch(floor.url, { method: 'PUT', body: JSON.stringify(document) });
  const clients = startProgram('load/evaluators.mjs', cleanUp);
  const warm = (side: Side) => run(clients, side, 2 * rate, (WARM * 1000) / (2 * RATE));
  const bytes = { floor: (await warm(floor)).bytes, product: (await warm(product)).bytes };
  const bare: number[] = [];
  const measured = await alternate(
    pairs,
    async () => {
      bare.push(await bareUs(floor));
      return run(clients, floor, rate);
    },
    () => run(clients, product, rate),
  );
  const alone = median(bare.slice(1));
  const whole = median(measured.map((pair) => pair.product.figure));
  return {
    pairs: measured,
    notes: [
      `an answer has ${bytes.product} bytes, that of the floor ${bytes.floor}`,
      `flagd-core alone, without a request and an answer, takes ${alone.toFixed(0)} us for all flags: the product's whole answer is ${(whole / alone).toFixed(2)} times that`,
    ],
  };
}

export const bulkEvaluation: readonly Row[] = [
  {
    name: `CPU per bulk answer, ${FLAGS} flags with targeting`,
    groups: ['evaluation'],
    unit: 'us',
    goal: { most: 1.3 },
    measure,
  },
];
