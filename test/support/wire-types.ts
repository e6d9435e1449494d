/** The wire of docs/protocol.md, written down a second time: what checks the product does not import it. */

export type FlagStatus = 'enabled' | 'disabled' | 'deprecated';

export interface FlagDefinition {
  id: string;
  name: string;
  description: string;
  status: FlagStatus;
  value_type: 'boolean' | 'string' | 'number' | 'object';
  variants: Record<string, unknown>;
  default_variant: string | null;
  targeting: Record<string, unknown>;
  metadata: {
    version: number;
    created_at: string;
    updated_at: string;
    tags: string[];
    owner: string | null;
    critical: boolean;
  };
}

export interface StatusChange {
  flag_id: string;
  old_status: FlagStatus;
  new_status: FlagStatus;
  version: number;
  updated_at: string;
}

export type FlagEvent =
  | { type: 'FlagCreated' | 'FlagUpdated'; data: FlagDefinition }
  | { type: 'FlagDeleted'; data: { flag_id: string; version: number } }
  | { type: 'FlagStatusChanged'; data: StatusChange };

export interface Goodbye {
  reason: 'shutdown' | 'overload' | 'max_age' | 'stale' | 'key_revoked' | 'key_expired' | 'environment_deleted';
  retry_after_ms: number | null;
}

export type ControlMessage =
  | {
      type: 'SyncStarted';
      data: { mode: 'full' | 'delta'; connection_id: string; protocol: number; ack_every_ms?: number };
    }
  | { type: 'SyncComplete'; data: { flag_count: number } }
  | { type: 'Heartbeat'; data: { timestamp: number; age_ms: number } }
  | { type: 'Goodbye'; data: Goodbye }
  | { type: 'Error'; data: { code: string; message: string } }
  | { type: 'Pong'; data: Record<string, never> };

export interface Envelope {
  /** The cursor sent with the message; empty where none was. */
  id: string;
  more: boolean;
  request_id?: string;
  /** When it arrived, by `performance.now()`. */
  at: number;
}

/** A message as received on any transport. The parser vouches for `type`; `data` is checked by `SyncChecker`. */
export type Message = (FlagEvent | ControlMessage) & Envelope;

export type MessageType = Message['type'];

/** An event in the answer to `GET /sdk/poll?since=`. */
export type PolledEvent = FlagEvent & { id: string; more?: boolean };

const TYPES: readonly string[] = [
  ...['FlagCreated', 'FlagUpdated', 'FlagDeleted', 'FlagStatusChanged', 'SyncStarted', 'SyncComplete'],
  ...['Heartbeat', 'Goodbye', 'Error', 'Pong'],
];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads `{"type", "data", "id"?, "more"?, "request_id"?}`.
 * @param id the cursor where the transport carries it outside of the JSON (SSE).
 * @throws TypeError for anything else: the servers under test send nothing that these tests do not know.
 */
export function parseMessage(text: string, id?: string): Message {
  const parsed: unknown = JSON.parse(text);
  if (!isRecord(parsed)) throw new TypeError(`not a message: ${text}`);
  const { type, data, more, request_id } = parsed;
  if (typeof type !== 'string' || !TYPES.includes(type)) throw new TypeError(`unknown type of message: ${text}`);
  if (!isRecord(data)) throw new TypeError(`a message without data: ${text}`);
  if (more !== undefined && more !== true) throw new TypeError(`more is neither true nor absent: ${text}`);
  const cursor = id ?? (typeof parsed['id'] === 'string' ? parsed['id'] : '');
  const echoed = typeof request_id === 'string' ? { request_id } : {};
  return { type, data, id: cursor, more: more === true, at: performance.now(), ...echoed } as Message;
}

/** Whether the message changes a flag (and is not about the connection). */
export function isFlagEvent(message: Message): message is FlagEvent & Envelope {
  return message.type.startsWith('Flag');
}

/** The flag that an event is about. */
export function flagOf(event: FlagEvent): string {
  return 'id' in event.data ? event.data.id : event.data.flag_id;
}

/** The flag's version after the event. */
export function versionOf(event: FlagEvent): number {
  return 'metadata' in event.data ? event.data.metadata.version : event.data.version;
}
