import { setTimeout as sleep } from 'node:timers/promises';
import { httpRequest } from '../../support/http-request.js';
import { type SeededRandom } from '../../support/random.js';
import { RestWriter } from '../rest-writer.js';
import { type PatientAdmin } from './patient-admin.js';

const WRITES_PER_S = 32;
const READS_PER_S = 10;

/** Where answers come more slowly than they are asked for, so many are waited for, and what was due meanwhile is left out. */
const MOST_AT_ONCE = 24;

/** Does something so many times a second, however long it takes, until it is told to stop. */
async function steadily(perSecond: number, goesOn: () => boolean, work: () => Promise<void>): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  for (let due = performance.now(); goesOn(); due = Math.max(due + 1000 / perSecond, performance.now() - 1000)) {
    await sleep(Math.max(0, due - performance.now()));
    while (underWay.size >= MOST_AT_ONCE) await Promise.race(underWay);
    const one = work().finally(() => underWay.delete(one));
    underWay.add(one);
  }
  await Promise.all(underWay);
}

/** What goes through a balancer beside streams: writes, a few of which have to be refused, and reads. */
export class Traffic {
  /** Reads by the status of their answer; `lost`: none came. */
  readonly reads: { [status: string]: number } = {};
  readonly writer: RestWriter;
  private isOver = false;
  private readonly running: Promise<unknown>;

  constructor(
    readonly admin: PatientAdmin,
    private readonly key: string,
    flags: readonly string[],
    random: SeededRandom,
  ) {
    this.writer = new RestWriter({ admin }, flags, random);
    const goesOn = () => !this.isOver;
    this.running = Promise.all([
      steadily(WRITES_PER_S, goesOn, () => this.writer.one()),
      steadily(READS_PER_S, goesOn, () => this.read()),
    ]);
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async read(): Promise<void> {
    const headers = { 'X-API-Key': this.key };
    const answer = await httpRequest(new URL('/sdk/poll', this.admin.url), { headers, timeoutMs: 10_000 }).catch(() => null);
    const outcome = String(answer?.status ?? 'lost');
    this.reads[outcome] = (this.reads[outcome] ?? 0) + 1;
  }
}
