import {
  type ControlMessage,
  type FlagDefinition,
  type FlagEvent,
  type GoodbyeReason,
  type SyncMode,
} from '@flagwire/protocol/sync';

interface Envelope {
  /** The cursor that is safe to resume from once the message has been handled; null where the sender named none. */
  id: string | null;
  /** The change set goes on with the next event. */
  more: boolean;
  /** The message is part of an answer to a request of this client. */
  answer: boolean;
}

export type ReceivedEvent = Envelope & { type: 'Event'; event: FlagEvent };
/** A type that this client does not know. It changes nothing, but it can end a change set, and its id counts. */
export type ReceivedUnknown = Envelope & { type: 'Unknown' };

/** One message of a connection, checked. `Malformed` is what could not be read as one. */
export type Received =
  | ReceivedEvent
  | ReceivedUnknown
  | (Envelope & { type: 'Control'; control: ControlMessage })
  | { type: 'Malformed'; reason: string };

/** What a poll was answered with: all flags (`full`), or the events after the cursor that was asked for. */
export interface Answer {
  /** The client's cursor when the request was sent. An answer to another one is out of date. */
  asked: string;
  mode: SyncMode;
  events: readonly Received[];
  cursor: string;
}

export type Input =
  /** A connection was opened; it presented `state.cursor`. Any other must have been closed before. */
  | { type: 'Opened' }
  | { type: 'Closed' }
  | { type: 'Received'; message: Received }
  | { type: 'Answered'; answer: Answer }
  /** A poll was answered 304: nothing has changed since `asked`. */
  | { type: 'Unchanged'; asked: string };

/** One flag before and after; null: there was, or is, none. */
export interface Change<T> {
  id: string;
  before: T | null;
  after: T | null;
}
export type FlagChange = Change<FlagDefinition>;

/** What the caller has to do, in this order. */
export type Effect =
  /** Tell the application: one change set, or what a full sync made different. Never empty. */
  | { type: 'Changed'; changes: FlagChange[] }
  /** What is held is up to date as far as the server knows. */
  | { type: 'Synced'; mode: SyncMode }
  /** End the connection and open another; the cursor is forgotten already. The reason is for a log. */
  | { type: 'Drop'; reason: string }
  /** The server ends the connection: come back after `retry_after_ms` milliseconds; null: as after a 401. */
  | { type: 'Leave'; reason: GoodbyeReason; retry_after_ms: number | null };
