/** What an application needs; nothing of Node.js, and of a browser only what both have. */
export { FlagSyncClient } from './api/flag-sync-client.js';
export type { Details, Widened } from './api/flag-sync-client.js';
export type { FlagSyncClientOptions } from './api/options.js';
export type { Ticket, TicketProvider } from './api/tickets.js';
export type { Waiting } from './api/waiters.js';
export type { State, Status } from './api/status.js';
export type { ChangeSet, FlagOccurrence } from './api/change-set.js';
export type { ClientEvents, EventName, Listener } from './api/emitter.js';
export {
  CacheFailed,
  ClientClosed,
  ConnectionFailed,
  FlagwireError,
  InvalidCursor,
  InvalidFlags,
  InvalidOptions,
  ListenerFailed,
  ReadyTimeout,
  ServerKeyInBrowser,
  WaitTimeout,
} from './api/errors.js';
export type { ClientCode } from './api/errors.js';
export type { Decision, EvaluationContext, EvaluationError, Evaluator, Reason } from './evaluation/evaluator.js';
export type { Cache, CacheFault } from './cache/cache.js';
export type { Clock, Fetch } from './platform.js';
export type { FlagChange } from './sync/messages.js';
export type { FailureCode } from './transport/failure.js';
export type { Site, Transport, TransportName } from './transport/transport.js';
export type { FlagDefinition, FlagStatus, Json, ValueType } from '@flagwire/protocol/sync';
