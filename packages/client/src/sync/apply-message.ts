import { NO_CURSOR } from '@flagwire/protocol/sync';
import { applyControl } from './apply-control.js';
import { append, itemsOf } from './chain.js';
import { applyEvents } from './change-set.js';
import { type Received, type ReceivedEvent, type ReceivedUnknown } from './messages.js';
import { type Phase, type SyncState } from './state.js';
import { changed, drop, quiet, type Step } from './step.js';

type Change = ReceivedEvent | ReceivedUnknown;
type FullSync = Extract<Phase, { name: 'full' }>;
type Following = Extract<Phase, { name: 'delta' | 'live' }>;

/** One message of the open connection; where none is open, it is the last of one that was dropped. */
export function applyMessage(state: SyncState, message: Received): Step {
  if (state.phase.name === 'away' || state.phase.name === 'polled') return quiet(state);
  switch (message.type) {
    case 'Malformed':
      return drop(state, message.reason);
    case 'Event':
    case 'Unknown':
      return applyChange(state, message);
    case 'Control':
      return applyControl(state, message.control, message.id);
  }
}

function applyChange(state: SyncState, message: Change): Step {
  const { phase } = state;
  switch (phase.name) {
    case 'opening':
      return message.type === 'Unknown' ? quiet(state) : drop(state, `${message.event.type} before SyncStarted`);
    case 'full':
      return stageFlag(state, phase, message);
    case 'delta':
    case 'live':
      // The answer to GetFlag tells of the state at the cursor; the flag need not lie inside the filter.
      if (message.answer) return quiet(state);
      if (message.id === NO_CURSOR) return drop(state, 'a flag without SyncStarted');
      return message.more ? stageEvent(state, phase, message) : endSet(state, phase, message);
    case 'away':
    case 'polled':
      return quiet(state);
  }
}

/** A full sync consists of definitions without a cursor: with any other event the end of the sync was missed. */
function stageFlag(state: SyncState, phase: FullSync, message: Change): Step {
  if (message.type === 'Unknown') return quiet(state);
  const { event, id } = message;
  if (event.type !== 'FlagUpdated' || id !== NO_CURSOR) return drop(state, `${event.type} inside a full sync`);
  return quiet({ ...state, phase: { ...phase, staged: append(phase.staged, event.data) } });
}

function stageEvent(state: SyncState, phase: Following, message: Change): Step {
  const { set } = phase;
  if (set !== null && set.before !== message.id) return drop(state, 'a change set inside a change set');
  return quiet({ ...state, phase: { ...phase, set: { before: message.id, events: chain(phase, message) } } });
}

function endSet(state: SyncState, phase: Following, message: Change): Step {
  const events = itemsOf(chain(phase, message));
  const applied = applyEvents(state, events);
  if ('gap' in applied) return drop(state, applied.gap);
  const { changes, ...held } = applied;
  // The cursor of a copy may be an older one: it would be safe, and the flags would no longer be the state at the cursor.
  const isCopy = events.length > 0 && held.flags === state.flags;
  return {
    state: { ...state, ...held, phase: { ...phase, set: null }, cursor: isCopy ? state.cursor : (message.id ?? state.cursor) },
    effects: changed(changes),
  };
}

/** The open set with this message. A type that is not known changes nothing, but is as much a part of its set as the others. */
function chain({ set }: Following, message: Change) {
  const events = set?.events ?? null;
  return message.type === 'Event' ? append(events, message.event) : events;
}
