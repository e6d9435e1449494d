import { type FlagDefinition, type FlagEvent } from '@flagwire/protocol/sync';
import { applyEvents, changesOf } from './change-set.js';
import { type Answer, type FlagChange } from './messages.js';
import { type SyncState } from './state.js';
import { changed, drop, isAnswerable, quiet, type Step } from './step.js';

/** The answer of a poll takes effect as a whole, or not at all: its change sets are whole, so all of them together are as well. */
export function applyAnswer(state: SyncState, { asked, mode, events, cursor }: Answer): Step {
  if (!isAnswerable(state, asked)) return quiet(state);
  const read: FlagEvent[] = [];
  for (const message of events) {
    if (message.type === 'Malformed') return drop(state, message.reason);
    if (message.type === 'Event') read.push(message.event);
  }
  const last = events.at(-1);
  if (last?.type === 'Event' && last.more) return drop(state, 'the end of an answer inside a change set');
  const applied = mode === 'full' ? replace(state, read) : applyEvents(state, read);
  if ('gap' in applied) return drop(state, applied.gap);
  const { changes, ...held } = applied;
  return {
    state: { ...state, ...held, cursor, phase: { name: 'polled' } },
    effects: [...changed(changes), { type: 'Synced', mode }],
  };
}

function replace(
  state: SyncState,
  events: FlagEvent[],
): (Pick<SyncState, 'flags' | 'tombstones'> & { changes: FlagChange[] }) | { gap: string } {
  const flags = new Map<string, FlagDefinition>();
  for (const event of events) {
    if (event.type !== 'FlagUpdated') return { gap: `${event.type} inside a full sync` };
    flags.set(event.data.id, event.data);
  }
  return { flags, tombstones: new Map(), changes: changesOf(state.flags, flags) };
}
