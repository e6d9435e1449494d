import { type Cursor } from '@flagwire/protocol/sync';
import { type Observable } from 'rxjs';
import { type EncodedChangeSet } from './encoded-change-set.js';
import { type EnvironmentReplica } from './environment-replica.js';

/** What a read of the log brought; the replica already shows it. */
export type FeedUpdate =
  /** The next change sets, dense, in order. */
  | { kind: 'changed'; replica: EnvironmentReplica; sets: readonly EncodedChangeSet[] }
  /** The replica was loaded anew (first load, other history, too far behind): whoever follows it needs a full sync. */
  | { kind: 'reset'; replica: EnvironmentReplica }
  | { kind: 'removed'; environmentId: string }
  /** Keys of the environment changed. */
  | { kind: 'keys'; environmentId: string };

/**
 * The read side of the log on this node: a replica of every environment, kept by tailing the log. Subscribers of
 * `updates` are called in one synchronous turn with the change of the replica.
 */
export abstract class ChangeFeed {
  /** Undefined: not loaded yet, or there is no such environment. */
  abstract replica(environmentId: string): EnvironmentReplica | undefined;

  /** The replicas of this node, in no order. */
  abstract all(): Iterable<EnvironmentReplica>;

  abstract readonly updates: Observable<FeedUpdate>;

  /** Begins to read; called once, when the database is open. */
  abstract start(): void;

  /** True once every environment has been loaded a first time. */
  abstract readonly loaded: boolean;

  /** The environment's newest revision in the database, as last read. */
  abstract headRevision(environmentId: string): number | undefined;

  /** Environments whose log cannot be read, though the database answers. */
  abstract readonly unreadable: number;

  /** Milliseconds since the log was last read successfully. */
  abstract ageMs(): number;

  /**
   * Reads the log; resolves when a read that began after this call has been applied.
   * @throws DatabaseUnavailable where the database could not be asked.
   */
  abstract catchUp(): Promise<void>;

  /**
   * The change sets after the cursor, from the database: the first page of them, dense from `cursor.revision + 1`; empty
   * at the head. Null where the log does not lead on from there (other history, below the floor): a full sync is due.
   * @throws DatabaseUnavailable
   */
  abstract since(environmentId: string, cursor: Cursor): Promise<readonly EncodedChangeSet[] | null>;

  /** Waits until the replicas show what was written, at most a second; a writer calls this before it answers. */
  abstract reach(written: ReadonlyMap<string, Cursor>): Promise<void>;
}
