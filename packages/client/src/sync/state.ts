import { type FlagDefinition, type FlagEvent, NO_CURSOR } from '@flagwire/protocol/sync';
import { type Chain } from './chain.js';

/** A change set of which the last event has not come. */
export interface OpenSet {
  /** The id of its events so far: the cursor before the set. */
  readonly before: string | null;
  readonly events: Chain<FlagEvent> | null;
}

/** Where the connection stands; `set` is null between change sets. The diagram is in apply.ts. */
export type Phase =
  | { readonly name: 'away' }
  | { readonly name: 'opening' }
  /** `staged` belongs to this sync alone and is shown to nobody before it is whole. */
  | { readonly name: 'full'; readonly staged: Chain<FlagDefinition> | null }
  | { readonly name: 'delta'; readonly set: OpenSet | null }
  | { readonly name: 'live'; readonly set: OpenSet | null }
  | { readonly name: 'polled' };

/** Never changed in place: whoever holds a state may read it for ever. */
export interface SyncState {
  readonly phase: Phase;
  /** Opaque. What a connection or poll has to present; `none` asks for a full sync. */
  readonly cursor: string;
  /** Whole change sets only: what an application may see. */
  readonly flags: ReadonlyMap<string, FlagDefinition>;
  /** Versions of flags that are deleted, so that a late copy of an older event does not bring one back. Oldest first. */
  readonly tombstones: ReadonlyMap<string, number>;
  /** By the newest heartbeat of this connection: milliseconds since the node had read the log; null: none has come. */
  readonly age_ms: number | null;
}

const NOTHING = { cursor: NO_CURSOR, flags: new Map<string, FlagDefinition>() };

/** What was kept from an earlier run: flags and the cursor that they stand at. */
export function initialState({ cursor, flags }: Pick<SyncState, 'cursor' | 'flags'> = NOTHING): SyncState {
  return { phase: { name: 'away' }, cursor, flags, tombstones: new Map(), age_ms: null };
}

/** Whether something is held that is shown to nobody yet: a full sync, or a change set. */
export function isStaging({ phase }: SyncState): boolean {
  return phase.name === 'full' || ((phase.name === 'delta' || phase.name === 'live') && phase.set !== null);
}

/** Whether everything that the server has told of is applied: the state is as new as its last answer. */
export function isCurrent(state: SyncState): boolean {
  return state.phase.name === 'polled' || (state.phase.name === 'live' && state.phase.set === null);
}
