import { type FlagDefinition, type FlagStatus } from './flag.js';

/** A change of one flag: what the log holds and what every transport carries. */
export type FlagEvent =
  | { type: 'FlagCreated'; data: FlagDefinition }
  | { type: 'FlagUpdated'; data: FlagDefinition }
  | { type: 'FlagDeleted'; data: { flag_id: string; version: number } }
  | {
      type: 'FlagStatusChanged';
      data: { flag_id: string; old_status: FlagStatus; new_status: FlagStatus; version: number; updated_at: string };
    };

export const GOODBYE_REASONS = [
  'shutdown',
  'overload',
  'max_age',
  'stale',
  'key_revoked',
  'key_expired',
  'environment_deleted',
] as const;
export type GoodbyeReason = (typeof GOODBYE_REASONS)[number];

export type SyncMode = 'full' | 'delta';

/** What is said about the connection itself. */
export type ControlMessage =
  /** `ack_every_ms`: how often a client may say what it has applied; 0 and nothing: not at all. */
  | { type: 'SyncStarted'; data: { mode: SyncMode; connection_id: string; protocol: 1; ack_every_ms?: number } }
  | { type: 'SyncComplete'; data: { flag_count: number } }
  /** `timestamp` in Unix seconds; `age_ms`: how long ago the node last read the log successfully. */
  | { type: 'Heartbeat'; data: { timestamp: number; age_ms: number } }
  /** `retry_after_ms` null: do not come back by itself. */
  | { type: 'Goodbye'; data: { reason: GoodbyeReason; retry_after_ms: number | null } }
  | { type: 'Error'; data: { code: string; message: string } }
  | { type: 'Pong'; data: Record<string, never> };

/** Every message from server to client (protocol section 2). */
export type SyncMessage = FlagEvent | ControlMessage;

/** The body of `GET /sdk/poll`. `etag` is the header's value. */
export interface PollBody {
  flags: FlagDefinition[];
  last_modified: string;
  etag: string;
  cursor: string;
}

/** One event of a delta poll; `more`: the change set goes on with the next event. */
export type PolledEvent = FlagEvent & { id: string; more?: true };

/** The body of `GET /sdk/poll?since=`. `full` replaces everything. */
export interface DeltaBody {
  mode: SyncMode;
  events: PolledEvent[];
  cursor: string;
}

/** The flag that an event is about. */
export function flagIdOf(event: FlagEvent): string {
  switch (event.type) {
    case 'FlagCreated':
    case 'FlagUpdated':
      return event.data.id;
    case 'FlagDeleted':
    case 'FlagStatusChanged':
      return event.data.flag_id;
  }
}

/**
 * The definition after the event; null where the event deletes it.
 * @throws RangeError where a status changes of a flag that is not held: the holder missed something and has to sync again.
 */
export function applyFlagEvent(held: FlagDefinition | null, event: FlagEvent): FlagDefinition | null {
  switch (event.type) {
    case 'FlagCreated':
    case 'FlagUpdated':
      return event.data;
    case 'FlagDeleted':
      return null;
    case 'FlagStatusChanged': {
      if (held === null) throw new RangeError(`FlagStatusChanged for ${event.data.flag_id}, which is not held`);
      const { new_status: status, version, updated_at } = event.data;
      return { ...held, status, metadata: { ...held.metadata, version, updated_at } };
    }
  }
}
