import { applyAnswer } from './apply-answer.js';
import { applyMessage } from './apply-message.js';
import { type Input } from './messages.js';
import { type SyncState } from './state.js';
import { isAnswerable, quiet, type Step } from './step.js';

/**
 * The client's side of the sync protocol: what is held after an input, and what the caller has to do about it. Pure: it waits for
 * nothing, throws nothing, and leaves the state that it was given as it was.
 *
 *     away ── Opened ──> opening ── SyncStarted ──> full ───┐ SyncComplete
 *      │                                └─────────> delta ──┴─────────────> live ── SyncStarted ──> full | delta (in place)
 *      └── Answered, Unchanged ──> polled ── Opened ──> opening
 *
 *     any but polled ── Closed, Goodbye ──> away, to come back with the cursor: a part of a set or of a full sync is thrown away
 *     any ── Malformed, or what shows that something was missed ──> away, with the cursor `none` and the effect `Drop`
 *
 * Flags and cursor move together, and only where a change set or a full sync is whole; so what an application sees, and what is
 * kept for the next start, is at all times the server's state at `cursor`.
 */
export function apply(state: SyncState, input: Input): Step {
  switch (input.type) {
    case 'Opened':
      return quiet({ ...state, phase: { name: 'opening' }, age_ms: null });
    case 'Closed':
      return quiet(state.phase.name === 'polled' ? state : { ...state, phase: { name: 'away' } });
    case 'Received':
      return applyMessage(state, input.message);
    case 'Answered':
      return applyAnswer(state, input.answer);
    case 'Unchanged':
      return isAnswerable(state, input.asked) ? quiet({ ...state, phase: { name: 'polled' } }) : quiet(state);
  }
}
