import { initialState, type SyncState } from '../sync/state.js';
import { parseHeld } from './parse-held.js';

/**
 * The state of `{flags, cursor?}`, which an application brings, as a poll answers it; null where any of it cannot be read. A copy:
 * what the application does with its own object later changes no flag.
 */
export function readBootstrap(data: unknown): SyncState | null {
  try {
    const held = parseHeld(JSON.parse(JSON.stringify(data)));
    return held === null ? null : initialState(held);
  } catch {
    return null;
  }
}
