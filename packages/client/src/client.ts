/** The core of the SDK: no clock, no socket, no promise, and nothing of Node.js. */
export { apply } from './sync/apply.js';
export { parseMessage } from './sync/parse-message.js';
export { initialState, isCurrent } from './sync/state.js';
export type { SyncState } from './sync/state.js';
export type { Answer, Effect, FlagChange, Input, Received } from './sync/messages.js';
