import {
  type ControlMessage,
  type FlagEvent,
  isFlagId,
  isFlagStatus,
  isObject,
  parseFlagDefinition,
} from '@flagwire/protocol/sync';
import { type Received } from './messages.js';

/**
 * Reads one message, as text or as the object that a socket delivered. Never throws: what cannot be read is `Malformed`, a type
 * that is not known is `Unknown`. Fields that are not known are kept: a newer server may send more.
 * @param id from outside of the message (SSE); without it, the field `id` counts.
 */
export function parseMessage(received: unknown, id?: string): Received {
  const message = typeof received === 'string' ? parseJson(received) : received;
  if (!isObject(message) || typeof message['type'] !== 'string') return malformed('a message that is no JSON object with a type');
  const { type, data } = message as { type: string; data: unknown };
  const inside = typeof message['id'] === 'string' ? message['id'] : null;
  const envelope = { id: id ?? inside, more: message['more'] === true, answer: message['request_id'] !== undefined };
  if (!isKnown(type)) return { ...envelope, type: 'Unknown' };
  if (!isObject(data) || !CHECKS[type](data)) return malformed(`a malformed ${type}`);
  const checked = { type, data } as unknown;
  return type.startsWith('Flag')
    ? { ...envelope, type: 'Event', event: checked as FlagEvent }
    : { ...envelope, type: 'Control', control: checked as ControlMessage };
}

function malformed(reason: string): Received {
  return { type: 'Malformed', reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Data = Record<string, unknown>;
type KnownType = FlagEvent['type'] | ControlMessage['type'];

const isDefinition = (data: Data): boolean => parseFlagDefinition(data) !== null;
const isOfFlag = ({ flag_id, version }: Data): boolean => isFlagId(flag_id) && Number.isSafeInteger(version);

/** What of its data has to be there, for each type: those of flags first. */
const CHECKS: Record<KnownType, (data: Data) => boolean> = {
  FlagCreated: isDefinition,
  FlagUpdated: isDefinition,
  FlagDeleted: isOfFlag,
  FlagStatusChanged: (data) => isOfFlag(data) && isFlagStatus(data['new_status']) && typeof data['updated_at'] === 'string',
  SyncStarted: ({ mode }) => mode === 'full' || mode === 'delta',
  SyncComplete: ({ flag_count }) => isCount(flag_count),
  Heartbeat: ({ age_ms }) => isCount(age_ms),
  // A reason that is not known is still a Goodbye.
  Goodbye: ({ reason, retry_after_ms }) => typeof reason === 'string' && (retry_after_ms === null || isCount(retry_after_ms)),
  // Nothing is asked of the server that the program would have to hear a refusal of.
  Error: () => true,
  Pong: () => true,
};

function isKnown(type: string): type is KnownType {
  return Object.hasOwn(CHECKS, type);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}
