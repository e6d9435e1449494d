import { type Cursor, type FlagDefinition, type FlagEvent, sameCursor } from '@flagwire/protocol/sync';
import { Subject } from 'rxjs';
import { DatabaseUnavailable } from '../common/errors.js';
import { ChangeFeed, type FeedUpdate } from './change-feed.js';
import { EncodedChangeSet } from './encoded-change-set.js';
import { EnvironmentReplica } from './environment-replica.js';

export const ENVIRONMENT = { id: 'environment-1', key: 'production', projectKey: 'shop' };
const DATE = '2026-06-01T00:00:00.000Z';

export function aFlag(id: string, version = 1, more: Partial<FlagDefinition> = {}): FlagDefinition {
  return {
    id,
    name: id,
    description: '',
    status: 'enabled',
    value_type: 'boolean',
    variants: { on: true, off: false },
    default_variant: 'off',
    targeting: {},
    metadata: { version, created_at: DATE, updated_at: DATE, tags: [], owner: null, critical: false },
    ...more,
  };
}

export function flags(...ids: string[]): FlagDefinition[] {
  return ids.map((id) => aFlag(id));
}

export function updated(id: string, version = 2, description = ''): FlagEvent {
  return { type: 'FlagUpdated', data: aFlag(id, version, { description }) };
}

export function deleted(id: string, version = 2): FlagEvent {
  return { type: 'FlagDeleted', data: { flag_id: id, version } };
}

/** A change set that follows `before`; its mark names its revision. */
export function setAfter(before: Cursor, events: readonly FlagEvent[], createdAt = DATE): EncodedChangeSet {
  const revision = before.revision + 1;
  const after = { epoch: before.epoch, revision, mark: `m${String(revision).padStart(5, '0')}` };
  return new EncodedChangeSet(before, after, DATE, { createdAt, traceparent: null, readAfterMs: null }, events);
}

/**
 * A feed over a log that lies in memory. `commit` is a change that this node has read, `write` one that it has not; the
 * "database" can be away, or answer only when it is told to.
 */
export class FakeFeed extends ChangeFeed {
  readonly updates = new Subject<FeedUpdate>();
  readonly loaded = true;
  readonly unreadable = 0;
  age = 0;
  isAway = false;
  /** How often the database was asked. */
  questions = 0;
  /** Change sets of one page of `since`. */
  page = Infinity;
  /** Cursors below this revision cannot be resumed from. */
  floor = 0;
  private held: EnvironmentReplica | undefined;
  private log: EncodedChangeSet[] = [];
  private origin: Cursor = { epoch: 'epoch001', revision: 0, mark: 'm00000' };
  private answers: (() => void)[] | null = null;

  constructor(initial: readonly FlagDefinition[] = flags('a', 'b'), ringRevisions = 1000) {
    super();
    const snapshot = { environment: ENVIRONMENT, head: this.origin, httpDate: DATE, flags: [...initial], recent: [] };
    this.held = new EnvironmentReplica(snapshot, { revisions: ringRevisions, bytes: 2 ** 30 });
  }

  /** The replica of the one environment. */
  get present(): EnvironmentReplica {
    if (this.held === undefined) throw new Error('The environment was removed');
    return this.held;
  }

  get head(): Cursor {
    return this.log.at(-1)?.after ?? this.origin;
  }

  replica(environmentId: string): EnvironmentReplica | undefined {
    return environmentId === ENVIRONMENT.id ? this.held : undefined;
  }

  all(): Iterable<EnvironmentReplica> {
    return this.held === undefined ? [] : [this.held];
  }

  headRevision = () => this.head.revision;
  ageMs = () => this.age;
  start = () => undefined;
  refresh = () => this.catchUp();
  reach = () => this.catchUp();

  /** One change set into the log; the node learns of it by `catchUp`. */
  write(...events: FlagEvent[]): Cursor {
    this.log.push(setAfter(this.head, events));
    return this.head;
  }

  /** One change set, read by this node at once. */
  commit(...events: FlagEvent[]): Cursor {
    this.write(...events);
    this.read();
    return this.head;
  }

  /** Several change sets that one read of the log brought. */
  commitAll(...sets: FlagEvent[][]): Cursor {
    for (const events of sets) this.write(...events);
    this.read();
    return this.head;
  }

  /** Another history, under another epoch, in place of the present one. */
  replace(epoch: string, present: readonly FlagDefinition[], revision = 0): Cursor {
    this.log = [];
    this.origin = { epoch, revision, mark: 'm00000' };
    this.present.load({ environment: ENVIRONMENT, head: this.origin, httpDate: DATE, flags: [...present], recent: [] });
    this.updates.next({ kind: 'reset', replica: this.present });
    return this.origin;
  }

  remove(): void {
    this.held = undefined;
    this.updates.next({ kind: 'removed', environmentId: ENVIRONMENT.id });
  }

  /** From now on the database answers when `answer` is called. */
  hold(): void {
    this.answers ??= [];
  }

  answer(): void {
    const waiting = this.answers ?? [];
    this.answers = null;
    for (const go of waiting) go();
  }

  async catchUp(): Promise<void> {
    await this.ask();
    this.read();
  }

  async since(_environmentId: string, cursor: Cursor): Promise<readonly EncodedChangeSet[] | null> {
    await this.ask();
    const known =
      cursor.revision === this.origin.revision ? this.origin : this.log[cursor.revision - this.origin.revision - 1]?.after;
    if (known === undefined || !sameCursor(known, cursor) || cursor.revision < this.floor) return null;
    const reached = this.held?.head.revision ?? 0;
    const sets = this.log.filter(({ after }) => after.revision > cursor.revision && after.revision <= reached);
    return sets.slice(0, this.page);
  }

  private async ask(): Promise<void> {
    this.questions += 1;
    const { answers } = this;
    if (answers !== null) await new Promise<void>((resolve) => answers.push(resolve));
    if (this.isAway) throw new DatabaseUnavailable();
  }

  private read(): void {
    const { held } = this;
    if (held === undefined) return;
    const sets = this.log.filter(({ after }) => after.revision > held.head.revision);
    if (sets.length === 0) return;
    for (const set of sets) held.apply(set);
    this.updates.next({ kind: 'changed', replica: held, sets });
  }
}
