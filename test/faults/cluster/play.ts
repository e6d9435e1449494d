import { type FlagDefinition } from '../../support/wire-types.js';
import { SeededRandom } from '../../support/random.js';
import { type Memory } from '../../support/visitor.js';
import { type Cluster } from './cluster.js';
import { History } from './history.js';
import { inflict } from './inflict.js';
import { judge, type Violation } from './judge.js';
import { RawClient } from './raw-client.js';
import { type Arrival, type Limits, type Log, type Record } from './record.js';
import { type Schedule } from './schedule.js';
import { Truth } from './truth.js';
import { ENVIRONMENT, World } from './world.js';

/** Cursors of any age that are presented when all is over. */
const COMINGS = 6;

/** What a schedule showed, as it is kept. */
export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Each fault that was done. */
  readonly faults: readonly string[];
  readonly received: number;
  readonly revisions: number;
  /** Requests of writers by the status of their answers; `lost`: none came. */
  readonly writes: { readonly [status: string]: number };
  readonly slowest: Arrival;
  /** Null: no key was revoked. */
  readonly slowestCutMs: number | null;
  readonly tookMs: number;
}

/** Plays one schedule on a cluster that is well, and judges all that was seen. */
export async function play(cluster: Cluster, schedule: Schedule, limits: Limits): Promise<Outcome> {
  const begun = performance.now();
  const project = `seed-${schedule.seed}-${Math.round(begun)}`;
  const world = await World.settle(cluster, project, schedule);
  try {
    const record = await live(cluster, project, schedule, world, limits);
    return { ...outcomeOf(schedule, record, world), tookMs: Math.round(performance.now() - begun) };
  } finally {
    await world.stop();
  }
}

async function live(cluster: Cluster, project: string, schedule: Schedule, world: World, limits: Limits): Promise<Record> {
  const { followers, writers, doomed } = world;
  const logs: Log[] = [];
  const restores: number[] = [];
  const stall = (node: number, isStalled: boolean): void => {
    for (const client of followers) if (client instanceof RawClient && client.node === node) client.stall(isStalled);
  };
  const restore = async (): Promise<void> => {
    restores.push(performance.now());
    logs.push(await cluster.database.restore(project, ENVIRONMENT));
  };
  const [aftermath] = await Promise.all([
    inflict(cluster, schedule, { stall, restore }),
    doomed.revoke(),
    ...schedule.clients.map((client) => world.welcome(client)),
    ...writers.map((writer) => writer.run()),
  ]);
  const truth = new Truth(cluster.database, project, ENVIRONMENT, limits);
  const over = Math.max(aftermath.healed, ...writers.map(({ ended }) => ended));
  const [convergences, cuts] = await Promise.all([truth.reachedBy(followers, over), doomed.cuts(aftermath)]);
  logs.push((await cluster.database.read(project, ENVIRONMENT)).log);

  const random = new SeededRandom(schedule.afterwards);
  const late = memories(logs, truth.stored.cursor, random).map((held) => world.visit(held, random));
  const comings = await truth.reachedBy(late, performance.now());
  const all = [...followers, ...late, ...doomed.clients];
  await Promise.all(all.map(async (client) => client.stop()));
  const diaries = all.map(({ where, sights, breaches, received }) => ({ ...where, sights, breaches, received }));
  const writes = writers.flatMap(({ admin }) => admin.writes);
  const mistakes = writers.flatMap(({ admin }) => admin.mistakes);
  return { ...{ logs, stored: truth.stored, restores, writes, mistakes, diaries, convergences, comings, cuts, limits } };
}

/** Some that were handed out, with the flags that they stand for, and some that never were. */
function memories(logs: readonly Log[], head: string, random: SeededRandom): Memory[] {
  const history = new History(logs);
  const [epoch = '', revision = '', mark = ''] = head.split('.');
  const known = logs.flatMap(({ origin, rows }) => [origin, ...rows.map(({ cursor }) => cursor)]);
  // Whatever a restore took back may come again with other content.
  const lost = logs.slice(0, -1).flatMap(({ rows }) => rows.at(-1)?.cursor ?? []);
  const handedOut = [...lost, ...random.shuffle(known)].slice(0, COMINGS);
  const odd = [
    'none',
    'nonsense',
    `${epoch}.${Number(revision) + 5}.${mark}`,
    `${epoch}.${revision}.aaaaaa`,
    `abcdefgh.1.${mark}`,
  ];
  return [
    ...handedOut.map((cursor) => ({ cursor, flags: undefined, state: history.flags(cursor, undefined) })),
    ...odd.map((cursor) => ({ cursor, flags: undefined, state: new Map<string, FlagDefinition>() })),
  ];
}

function outcomeOf(schedule: Schedule, record: Record, { writers }: World): Omit<Outcome, 'tookMs'> {
  const { convergences, cuts, diaries, logs } = record;
  const slowest = [...convergences].sort((a, b) => (b.tookMs ?? Infinity) - (a.tookMs ?? Infinity))[0];
  const late = cuts.map(({ due, closed }) => Math.max(0, Math.round((closed ?? Infinity) - due)));
  return {
    seed: schedule.seed,
    violations: judge(record),
    faults: schedule.faults.map((fault) => ('kind' in fault ? fault.kind : `${fault.on}: ${fault.fault.kind}`)),
    received: diaries.reduce((sum, { received }) => sum + received, 0),
    revisions: logs.at(-1)?.rows.length ?? 0,
    writes: sums(writers.map(({ admin }) => admin.outcomes)),
    slowest: slowest ?? { name: 'nobody', tookMs: 0 },
    slowestCutMs: late.length === 0 ? null : Math.max(...late),
  };
}

export function sums(counts: readonly { readonly [name: string]: number }[]): { [name: string]: number } {
  const all: { [name: string]: number } = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) all[name] = (all[name] ?? 0) + count;
  return all;
}
