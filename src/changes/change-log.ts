import { Injectable } from '@nestjs/common';
import { type Cursor } from '@flagwire/protocol/sync';
import { type EntityManager } from 'typeorm';
import { inBatches } from '../common/batches.js';
import { Clock, isoTime } from '../common/clock.js';
import { NotFound } from '../common/errors.js';
import { LOWER_ALPHANUMERIC, Random } from '../common/random.js';
import { RequestContext } from '../common/request-context.js';
import { currentTraceparent } from '../common/traceparent.js';
import { Database } from '../database/database.js';
import { Lookup } from '../database/lookup.js';
import { Rows } from '../database/rows.js';
import { changeOf, type FlagChange, type FlagContent, type HeldFlag } from './change-set.js';
import { Change } from './change.entity.js';
import { EnvironmentHead } from './environment-head.entity.js';
import { FlagState } from './flag-state.entity.js';
import { WakeUps } from './wake-ups.js';

const SECOND = 1000;
/** Leaves room for thousands of millions of key changes. */
const LONGEST_KEY_STEP = 2 ** 20;

const HEADS = new Lookup(EnvironmentHead, 'environmentId');
const STATES = new Lookup(FlagState, 'environmentId', 'flagId');
const STATE_ROWS = new Rows(FlagState);
const CHANGE_ROWS = new Rows(Change);
const RAISED = new Rows(EnvironmentHead, 'revision', 'mark', 'httpDate');

/** What a writer wants of one environment. */
export interface Wanted {
  /** The flags to set, by id; null: the flag shall not be there. Flags that are not named stay. */
  flags: ReadonlyMap<string, FlagContent | null>;
  /** Who changes it: a token's name. */
  actor: string;
  comment: string | null;
  /** What the log holds of all these flags, where the writer has read it since the head was locked. */
  held?: ReadonlyMap<string, HeldFlag> | undefined;
}

/** What an append did: the environment's cursor afterwards, and the changes, none where nothing differed. */
export interface Appended {
  cursor: Cursor;
  changes: FlagChange[];
}

/**
 * The write side of the log. Its methods run inside the caller's transaction, in this order (what makes revision order
 * commit order): the project's row locked, then `lockHeads`, and only then what the writer reads, checks and compares,
 * and `append`.
 */
@Injectable()
export class ChangeLog {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly wakeUps: WakeUps,
    private readonly requests: RequestContext,
  ) {}

  /** Starts the history of a new environment, at revision 0. */
  async begin(manager: EntityManager, environmentId: string): Promise<EnvironmentHead> {
    const mark = this.drawMark();
    const httpDate = this.nextHttpDate(null);
    const head = manager.create(EnvironmentHead, {
      environmentId,
      epoch: this.random.text(8, LOWER_ALPHANUMERIC),
      revision: 0,
      mark,
      httpDate,
      originMark: mark,
      originHttpDate: httpDate,
      keyRevision: 0,
    });
    await manager.insert(EnvironmentHead, head);
    await this.wakeUps.announce(manager, environmentId);
    return head;
  }

  /**
   * Locks the heads one at a time, in one order for all writers, so that no two wait for each other.
   * @throws NotFound
   */
  async lockHeads(manager: EntityManager, environmentIds: readonly string[]): Promise<Map<string, EnvironmentHead>> {
    const heads = new Map<string, EnvironmentHead>();
    for (const environmentId of [...environmentIds].sort()) {
      const [head] = await HEADS.find(manager, [environmentId], this.database.lockClause('UPDATE'));
      if (head === undefined) throw new NotFound('environment', environmentId);
      heads.set(environmentId, head);
    }
    return heads;
  }

  /** Compares with what the log holds and appends the difference as one revision; nothing where nothing differs. */
  async append(manager: EntityManager, head: EnvironmentHead, wanted: Wanted): Promise<Appended> {
    const now = this.clock.now();
    const changes: FlagChange[] = [];
    for await (const flags of inBatches([...wanted.flags])) {
      const ids = flags.map(([flagId]) => flagId);
      const held = wanted.held ?? (await this.held(manager, head.environmentId, ids));
      for (const [flagId, content] of flags) {
        const change = changeOf(flagId, held.get(flagId) ?? null, content, now);
        if (change !== null) changes.push(change);
      }
    }
    if (changes.length === 0) return { cursor: cursorOf(head), changes };

    head.revision += 1;
    head.mark = this.drawMark();
    head.httpDate = this.nextHttpDate(head.httpDate);
    const { environmentId, revision, epoch, mark, httpDate } = head;
    await RAISED.update(manager, head);
    const change = {
      environmentId,
      revision,
      epoch,
      mark,
      httpDate,
      createdAt: isoTime(now),
      actor: wanted.actor,
      comment: wanted.comment,
      traceparent: currentTraceparent(this.requests),
      loggedAt: () => this.database.clockMicros,
      events: changes.map((change) => change.event),
      before: changes.map((change) => change.before),
    };
    await CHANGE_ROWS.insert(manager, [change]);
    await this.store(manager, environmentId, changes);
    await this.wakeUps.announce(manager, environmentId);
    return { cursor: cursorOf(head), changes };
  }

  /** Puts flags into an environment that has no history yet: they are part of revision 0. */
  async seed(manager: EntityManager, head: EnvironmentHead, flags: ReadonlyMap<string, FlagContent>): Promise<void> {
    const now = this.clock.now();
    const changes = [...flags].flatMap(([flagId, content]) => changeOf(flagId, null, content, now) ?? []);
    await this.store(manager, head.environmentId, changes);
  }

  /** Says that keys of the environment changed: travels like a change, but makes no revision. */
  async keysChanged(manager: EntityManager, environmentId: string): Promise<void> {
    // By a step that nobody can foresee: a restored database that counts on must not arrive at the number that a node knows.
    await manager.increment(EnvironmentHead, { environmentId }, 'keyRevision', this.random.integer(1, LONGEST_KEY_STEP));
    await this.wakeUps.announce(manager, environmentId);
  }

  /** The present definitions of an environment's flags, by id; what is deleted is null. */
  async held(manager: EntityManager, environmentId: string, flagIds: readonly string[]): Promise<Map<string, HeldFlag>> {
    const held = new Map<string, HeldFlag>();
    for await (const ids of inBatches(flagIds)) {
      const rows = await STATES.find(manager, [environmentId, ids]);
      for (const { flagId, version, updatedAt, deleted, definition } of rows) {
        held.set(flagId, { version, updatedAt, definition: deleted ? null : definition });
      }
    }
    return held;
  }

  private async store(manager: EntityManager, environmentId: string, changes: readonly FlagChange[]): Promise<void> {
    const rows = changes.flatMap(({ before, after, version, updatedAt }) => {
      const definition = after ?? before;
      return definition === null
        ? []
        : [{ environmentId, flagId: definition.id, version, updatedAt, deleted: after === null, definition }];
    });
    for await (const batch of inBatches(rows)) {
      await STATE_ROWS.put(manager, batch);
    }
  }

  private drawMark(): string {
    return this.random.text(6, LOWER_ALPHANUMERIC);
  }

  /** Whole seconds, strictly later than the revision before: so a date names one revision. */
  private nextHttpDate(previous: string | null): string {
    const now = Math.floor(this.clock.now() / SECOND) * SECOND;
    return isoTime(previous === null ? now : Math.max(now, Date.parse(previous) + SECOND));
  }
}

export function cursorOf({ epoch, revision, mark }: Cursor): Cursor {
  return { epoch, revision, mark };
}
