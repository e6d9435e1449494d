import { NO_CURSOR } from '@flagwire/protocol/sync';
import { type Effect, type FlagChange } from './messages.js';
import { type SyncState } from './state.js';

/** What `apply` gives. */
export interface Step {
  state: SyncState;
  effects: Effect[];
}

export function quiet(state: SyncState): Step {
  return { state, effects: [] };
}

/** To tell the application, where there is something to tell. */
export function changed(changes: FlagChange[]): Effect[] {
  return changes.length > 0 ? [{ type: 'Changed', changes }] : [];
}

/** Something was missed, or cannot be read: what is held stays on show, and nothing but a full sync can follow it. */
export function drop(state: SyncState, reason: string): Step {
  return { state: { ...state, phase: { name: 'away' }, cursor: NO_CURSOR }, effects: [{ type: 'Drop', reason }] };
}

/** Of a poll that was asked with `asked`: whether the state is still the one that asked. */
export function isAnswerable(state: SyncState, asked: string): boolean {
  return (state.phase.name === 'away' || state.phase.name === 'polled') && state.cursor === asked;
}
