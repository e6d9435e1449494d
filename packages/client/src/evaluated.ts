/** Values instead of definitions, for client keys: pages and phones (docs/ofrep.md). Nothing of Node.js. */
export { EvaluatedFlagClient } from './evaluated/evaluated-flag-client.js';
export type { EvaluatedDetails } from './evaluated/details.js';
export type { EvaluatedFlagClientOptions } from './evaluated/options.js';
export type { EvaluatedFlag } from './evaluated/values.js';
export { CacheFailed, ClientClosed, ConnectionFailed, FlagwireError, InvalidOptions } from './api/errors.js';
export { ListenerFailed, ReadyTimeout, ServerKeyInBrowser, WaitTimeout } from './api/errors.js';
