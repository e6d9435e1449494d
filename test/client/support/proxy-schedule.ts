import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import { Author, FAMILIES } from '../../mixed/author.js';
import { type Filter, flagsByAdmin, Ledger, versionsOf } from '../../mixed/ledger.js';
import { httpRequest } from '../../support/http-request.js';
import { SeededRandom } from '../../support/random.js';
import { type TestServer } from '../../support/server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { blow, drawFaults } from './storm.js';
import { transports } from './transports.js';
import { Witness } from './witness.js';

const ENVIRONMENT = 'production';
const FLAGS = 12;
/** A connection that is half open is noticed after 40 s, and a back-off takes up to 30 s. */
const PATIENCE_MS = 240_000;

/** What is a client of its own in each schedule: every transport with each credential, and the ones that nobody chose. */
export const DOORS = [...transports, ['default', 'key', null] as const];

export interface Outcome {
  readonly seed: number;
  /** What was not as it has to be; empty where all was. */
  readonly faults: readonly string[];
  readonly kinds: readonly string[];
  readonly revisions: number;
  readonly changes: number;
  /** From the end of the faults until a client was at the head, by its name. */
  readonly recoveries: readonly (readonly [name: string, ms: number])[];
  readonly codes: readonly string[];
}

/** One seed: a network that is disturbed, changes meanwhile, and a client of every kind behind it. */
export async function playSchedule(server: TestServer, project: string, seed: number): Promise<Outcome> {
  const random = new SeededRandom(seed);
  const faults = drawFaults(random);
  const author = new Author(server.admin, { project, environments: [ENVIRONMENT], name: 'a' }, random.fork());
  const key = await settle(server, project, author);
  const proxy = await TcpProxy.start(server.port);
  const witnesses: Witness[] = [];
  try {
    const arrivals = DOORS.map(async (door) => {
      const [filter, at, own] = [drawFilter(random), random.int(0, 3000), random.fork()];
      await sleep(at);
      const place = { url: `http://127.0.0.1:${proxy.port}`, origin: server.url, key };
      witnesses.push(follow(door, filter, place, own));
    });
    await Promise.all([...arrivals, blow(proxy, faults), write(author, random.fork())]);
    const healed = performance.now();
    await author.write();
    const ledger = await Ledger.read(server.admin, project, ENVIRONMENT);
    const recoveries = await Promise.all(witnesses.map((witness) => recovery(witness, ledger.head, healed)));
    const stored = await flagsByAdmin(server.admin, project, ENVIRONMENT);
    if (!isDeepStrictEqual(stored, ledger.at(ledger.length, undefined))) throw new Error('the trail is not what is stored');
    return {
      seed,
      faults: witnesses.flatMap((witness) => [...witness.faults(ledger), ...lateFaults(witness, ledger)]),
      kinds: faults.map(({ kind }) => kind),
      revisions: ledger.length,
      changes: witnesses.reduce((sum, { changes }) => sum + changes, 0),
      recoveries,
      codes: witnesses.flatMap(({ codes }) => codes),
    };
  } finally {
    await Promise.all(witnesses.map(({ client }) => client.close()));
    await proxy.stop();
  }
}

/** A project of its own, with some flags; gives a server key. */
async function settle({ admin }: TestServer, project: string, author: Author): Promise<string> {
  await admin.createProject(project);
  await admin.createEnvironment(ENVIRONMENT, { project }).catch(() => undefined);
  const plain = { value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
  const ids = author.begin(FLAGS);
  const flags = ids.map((id) => ({ id, name: id, ...plain }));
  author.note(await admin.import({ format: 'flagwire', version: 1, flags }, '', { project }), ids);
  return (await admin.createKey(ENVIRONMENT, 'server', {}, { project })).key;
}

function drawFilter(random: SeededRandom): Filter {
  return random.chance(0.25)
    ? random
        .shuffle(FAMILIES)
        .slice(0, random.int(1, 2))
        .map((family) => `${family}*`)
    : undefined;
}

function follow(
  [name, credential, make]: (typeof DOORS)[number],
  filter: Filter,
  { url, key, origin }: { url: string; key: string; origin: string },
  random: SeededRandom,
): Witness {
  // The application's backend: it has its own way to the server.
  const ticket = async () => {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify(filter === undefined ? {} : { flags: filter });
    const answer = await httpRequest(`${origin}/sdk/ticket`, { method: 'POST', headers, body });
    return answer.json() as { ticket: string; expires_in: number };
  };
  return new Witness(`${name} (${credential})`, filter, {
    url,
    ...(credential === 'key' ? { sdkKey: key } : { ticket }),
    ...(make === null ? { WebSocket } : { transports: (site) => [make(site)] }),
    random: () => random.next(),
  });
}

/** A few writes in a row, then a pause, again and again: some meet a fault, and some what comes after it. */
async function write(author: Author, random: SeededRandom): Promise<void> {
  for (let bursts = random.int(8, 20); bursts > 0; bursts -= 1) {
    for (let count = random.int(1, 4); count > 0; count -= 1) await author.write();
    await sleep(random.int(20, 600));
  }
}

async function recovery({ name, client }: Witness, head: string, healed: number): Promise<readonly [string, number]> {
  await client.waitFor(head, { timeout_ms: PATIENCE_MS }).catch((error: unknown) => {
    throw new Error(`${name} did not come back: ${String(error)}; ${JSON.stringify(client.status)}`, { cause: error });
  });
  return [name, performance.now() - healed];
}

function lateFaults({ name, flags, client }: Witness, ledger: Ledger): string[] {
  const [held, due] = [new Map(client.all().map((flag) => [flag.id, flag])), ledger.at(ledger.length, flags)];
  const { state } = client.status;
  return [
    ...(isDeepStrictEqual(held, due) ? [] : [`${name} ends with ${versionsOf(held)} in place of ${versionsOf(due)}`]),
    ...(state === 'live' || state === 'polling' ? [] : [`${name} ends ${state}`]),
  ];
}
