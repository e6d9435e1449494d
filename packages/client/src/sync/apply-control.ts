import { type ControlMessage } from '@flagwire/protocol/sync';
import { itemsOf } from './chain.js';
import { changesOf } from './change-set.js';
import { type Effect } from './messages.js';
import { type SyncState } from './state.js';
import { changed, drop, quiet, type Step } from './step.js';

/** What is said about the connection. Between the events of a set nothing else is sent, so there it shows that the set's end was missed. */
export function applyControl(state: SyncState, control: ControlMessage, id: string | null): Step {
  if (control.type === 'Goodbye') {
    // The open set or sync is thrown away; the cursor is still the one that the flags stand at.
    return { state: { ...state, phase: { name: 'away' } }, effects: [{ ...control.data, type: 'Leave' }] };
  }
  if (isInsideSet(state)) return drop(state, `${control.type} inside a change set`);
  switch (control.type) {
    case 'SyncStarted':
      return startSync(state, control.data.mode, id);
    case 'SyncComplete':
      return completeSync(state, control.data.flag_count, id);
    case 'Heartbeat':
      // It comes on a connection that has everything: where the client thinks otherwise, it missed the end, or all, of a sync.
      if (state.phase.name !== 'live') return drop(state, `a heartbeat while ${state.phase.name}`);
      return quiet({ ...at(state, id), age_ms: control.data.age_ms });
    case 'Error':
    case 'Pong':
      return quiet(at(state, id));
  }
}

function startSync(state: SyncState, mode: 'full' | 'delta', id: string | null): Step {
  switch (mode) {
    case 'full':
      return quiet({ ...state, phase: { name: 'full', staged: null } });
    case 'delta':
      if (id !== state.cursor) return drop(state, 'a delta from another cursor');
      return quiet({ ...state, phase: { name: 'delta', set: null } });
  }
}

/** A full sync replaces everything, whatever the versions: its server may be of another epoch, or hold a restored back-up. */
function completeSync(state: SyncState, count: number, id: string | null): Step {
  const { phase } = state;
  switch (phase.name) {
    case 'full': {
      const flags = new Map(itemsOf(phase.staged).map((flag) => [flag.id, flag]));
      if (flags.size !== count) return drop(state, `${flags.size} flags where there are ${count}`);
      if (id === null) return drop(state, 'a full sync without a cursor');
      return synced({ ...state, flags, tombstones: new Map(), cursor: id }, 'full', changed(changesOf(state.flags, flags)));
    }
    case 'delta':
      if (state.flags.size !== count) return drop(state, `${state.flags.size} flags where there are ${count}`);
      return synced({ ...state, cursor: id ?? state.cursor }, 'delta', []);
    case 'live':
      // A copy of the last one; or the end of a sync of which all the rest was missed.
      return id === state.cursor && count === state.flags.size ? quiet(state) : drop(state, 'SyncComplete without SyncStarted');
    case 'opening':
    case 'away':
    case 'polled':
      return drop(state, `SyncComplete while ${phase.name}`);
  }
}

function synced(state: SyncState, mode: 'full' | 'delta', changes: Effect[]): Step {
  return { state: { ...state, phase: { name: 'live', set: null } }, effects: [...changes, { type: 'Synced', mode }] };
}

function isInsideSet({ phase }: SyncState): boolean {
  return (phase.name === 'live' || phase.name === 'delta') && phase.set !== null;
}

/** A filtered connection goes forward without events: then only these messages tell how far. */
function at(state: SyncState, id: string | null): SyncState {
  return state.phase.name === 'live' && id !== null ? { ...state, cursor: id } : state;
}
