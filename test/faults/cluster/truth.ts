import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Filter, type Flags, isInFilter, versionsOf } from '../../mixed/ledger.js';
import { type DatabaseSide } from './database.js';
import { type Arrival, type Limits, type Record } from './record.js';

const LOOK_MS = 20;
/** The database is read in every so many looks. */
const DATABASE_TURNS = 15;
/** Beyond what is allowed: how late somebody is, who is late. */
const GRACE_MS = 5000;

export interface Pupil {
  readonly where: { readonly name: string; readonly flags: Filter };
  readonly cursor: string;
  readonly flags: Flags;
}

/** What the database holds, and who holds the same. */
export class Truth {
  stored: Record['stored'] = { cursor: '', flags: new Map() };

  constructor(
    private readonly database: Pick<DatabaseSide, 'read'>,
    private readonly project: string,
    private readonly environment: string,
    private readonly limits: Limits,
    private readonly graceMs = GRACE_MS,
  ) {}

  /** How long each takes to equal the database, from `from` on, or from the last write that nobody had an answer to. */
  async reachedBy(pupils: readonly Pupil[], from: number): Promise<Arrival[]> {
    let since = from;
    let arrivals = new Map<Pupil, number>();
    let isOver = false;
    for (let turn = 0; !isOver; turn += 1) {
      const areAll = arrivals.size === pupils.length;
      // A node that was stopped does later what it was asked before: then all who were there already have something to learn.
      const isNew = (areAll || turn % DATABASE_TURNS === 0) && (await this.look());
      if (isNew && turn > 0) [since, arrivals] = [performance.now(), new Map<Pupil, number>()];
      isOver = (areAll && !isNew) || performance.now() > since + this.limits.convergenceMs + this.graceMs;
      for (const pupil of pupils)
        if (!arrivals.has(pupil) && this.isHeldBy(pupil)) arrivals.set(pupil, performance.now() - since);
      if (arrivals.size < pupils.length) await sleep(LOOK_MS);
    }
    return pupils.map((pupil) => ({ name: pupil.where.name, tookMs: arrivals.get(pupil) ?? null }));
  }

  /** Whether it is another now. */
  private async look(): Promise<boolean> {
    const before = this.stored.cursor;
    this.stored = (await this.database.read(this.project, this.environment)).stored;
    return this.stored.cursor !== before;
  }

  private isHeldBy({ where, cursor, flags }: Pupil): boolean {
    if (where.flags === undefined && cursor !== this.stored.cursor) return false;
    const due = new Map([...this.stored.flags].filter(([id]) => isInFilter(where.flags, id)));
    return versionsOf(flags) === versionsOf(due) && isDeepStrictEqual(new Map(flags), due);
  }
}
