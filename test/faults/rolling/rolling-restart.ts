import { setTimeout as sleep } from 'node:timers/promises';
import { type SeededRandom } from '../../support/random.js';
import { type ProcessEnd } from '../../support/server-process.js';
import { type TestServer } from '../../support/server.js';
import { DatabaseSide } from '../cluster/database.js';
import { type Limits, type Record } from '../cluster/record.js';
import { Truth } from '../cluster/truth.js';
import { Crowd } from './crowd.js';
import { PatientAdmin } from './patient-admin.js';
import { sharesOf } from './shares.js';
import { Traffic } from './traffic.js';

const ENVIRONMENT = 'production';
const FLAGS = Array.from({ length: 100 }, (_, index) => `flag-${index}`);
/** Changes before the first node is told to stop, and after the last one is back. */
const AROUND_MS = 1000;

export interface Seen {
  readonly record: Record;
  readonly crowd: Crowd;
  readonly traffic: Traffic;
  readonly ends: readonly ProcessEnd[];
  /** Open connections of each node, once before each restart and at the end. */
  readonly shares: readonly (readonly number[])[];
  readonly tookMs: number;
  /** What stock clients had to say of the way. */
  readonly complaints: readonly string[];
}

export interface Plan {
  /** Of one database, behind `url`. */
  readonly nodes: readonly TestServer[];
  readonly url: string;
  readonly clients: number;
  readonly limits: Limits;
}

/** Every node in turn is told to stop, ends, and is ready again, under changes. */
export async function rollingRestart({ nodes, url, clients, limits }: Plan, random: SeededRandom): Promise<Seen> {
  const [first] = nodes as [TestServer];
  for (const flag of FLAGS) await first.admin.createFlag(flag);
  const { key } = await first.admin.createKey(ENVIRONMENT);
  const crowd = await Crowd.gather(clients, { url, key }, random);
  try {
    const admin = new PatientAdmin([url], first.adminToken, ENVIRONMENT, random.fork());
    const traffic = new Traffic(admin, key, FLAGS, random.fork());
    const from = performance.now();
    const ends: ProcessEnd[] = [];
    const shares = [];
    await sleep(AROUND_MS);
    for (const node of nodes) {
      shares.push(await sharesOf(nodes));
      ends.push(await node.stop());
      await node.restart();
    }
    await sleep(AROUND_MS);
    await traffic.end();
    const tookMs = performance.now() - from;
    const database = new DatabaseSide(first.databaseUrl);
    const truth = new Truth(database, 'default', ENVIRONMENT, limits);
    const convergences = await truth.reachedBy(crowd.all, performance.now());
    shares.push(await sharesOf(nodes));
    const complaints = crowd.stock.flatMap((client) => client.complaints);
    await crowd.stop();
    const { log } = await database.read('default', ENVIRONMENT);
    const diaries = crowd.all.map(({ where, sights, breaches, received }) => ({ ...where, sights, breaches, received }));
    const { writes, mistakes } = admin;
    const nothing = { restores: [], comings: [], cuts: [] };
    const record = { ...nothing, logs: [log], stored: truth.stored, writes, mistakes, diaries, convergences, limits };
    return { record, crowd, traffic, ends, shares, tookMs, complaints };
  } finally {
    await crowd.stop();
  }
}
