import { type Failure } from '../transport/failure.js';
import { type Traits } from '../transport/transport.js';

/** What the policy knows of a transport. Best first. */
export type Candidate = Traits;

export type Phase =
  | { readonly name: 'idle' }
  /** `firm`: the server named the time, so that nothing shortens it. */
  | { readonly name: 'waiting'; readonly until: number; readonly firm: boolean }
  /** An attempt, or a poll, is under way. `heard_at` null: not a byte yet. */
  | { readonly name: 'asking'; readonly since: number; readonly heard_at: number | null }
  /** A stream is open. `told`: a message has come. */
  | {
      readonly name: 'open';
      readonly since: number;
      readonly heard_at: number | null;
      readonly beat_at: number;
      readonly told: boolean;
    }
  | { readonly name: 'closed' };

/** All times in monotonic milliseconds. */
export interface PolicyState {
  readonly phase: Phase;
  /** Index of the transport in use. */
  readonly current: number;
  /** In a row: how far the back-off has come. */
  readonly failures: number;
  /** When the transport in use failed, within the last minute. */
  readonly recent: readonly number[];
  /** The newest `retry:`; it is for the first return alone. */
  readonly retry_ms: number | null;
  /** The credential was refused, and that was reported. */
  readonly refused: boolean;
  readonly hidden: boolean;
  readonly offline: boolean;
  /** Where a better transport is in reach: when it is tried next, which, and since when that is under way. */
  readonly probe: { readonly at: number; readonly index: number; readonly since: number | null } | null;
}

export type PolicyInput =
  | { type: 'Start' }
  | { type: 'Tick' }
  | { type: 'Opened' }
  | { type: 'Heard' }
  /** A message; `beat`: a Heartbeat, or a part of a sync, during which there is none. */
  | { type: 'Message'; beat: boolean }
  /** A poll was answered. */
  | { type: 'Answered' }
  | { type: 'Retry'; after_ms: number }
  | { type: 'Failed'; failure: Failure }
  /** Goodbye; null: not by itself, soon. */
  | { type: 'Left'; reason: string; retry_after_ms: number | null }
  | { type: 'ProbeHeard' }
  | { type: 'ProbeFailed' }
  /** Other flags are asked for: what is open is of the old ones. */
  | { type: 'Renewed' }
  | { type: 'Hidden'; hidden: boolean }
  | { type: 'Offline'; offline: boolean }
  | { type: 'Close' };

/** In this order. `Connect` comes only where nothing is connected. */
export type PolicyEffect =
  | { type: 'Connect'; index: number }
  | { type: 'Disconnect' }
  /** Open it beside, apply nothing of it, and say whether a byte came. */
  | { type: 'Probe'; index: number }
  | { type: 'StopProbe' }
  | { type: 'Report'; failure: Failure };

export interface PolicyStep {
  state: PolicyState;
  effects: PolicyEffect[];
}

export const initialPolicy: PolicyState = {
  phase: { name: 'idle' },
  current: 0,
  failures: 0,
  recent: [],
  retry_ms: null,
  refused: false,
  hidden: false,
  offline: false,
  probe: null,
};

export const isBlocked = ({ hidden, offline }: PolicyState): boolean => hidden || offline;
export const isConnected = ({ phase }: PolicyState): boolean => phase.name === 'asking' || phase.name === 'open';

/** Ends what is open. The probe as well, else there would be two attempts at once. */
export function letGo(state: PolicyState): PolicyEffect[] {
  const effects: PolicyEffect[] = [];
  if (state.probe !== null && state.probe.since !== null) effects.push({ type: 'StopProbe' });
  if (isConnected(state)) effects.push({ type: 'Disconnect' });
  return effects;
}

/** Where a probe is under way, it is none any more; its time stays. */
export function resting({ probe }: PolicyState): PolicyState['probe'] {
  return probe && { ...probe, since: null };
}
