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
  if (!isObject(message)) return malformed('a message that is no JSON object');
  const { type, data } = message;
  if (typeof type !== 'string') return malformed('a message without a type');
  const inside = typeof message['id'] === 'string' ? message['id'] : null;
  const envelope = { id: id ?? inside, more: message['more'] === true, answer: message['request_id'] !== undefined };
  if (isEventType(type)) {
    const event = isObject(data) ? parseEvent(type, data) : null;
    return event === null ? malformed(`a malformed ${type}`) : { ...envelope, type: 'Event', event };
  }
  if (isControlType(type)) {
    const control = isObject(data) ? parseControl(type, data) : null;
    return control === null ? malformed(`a malformed ${type}`) : { ...envelope, type: 'Control', control };
  }
  return { ...envelope, type: 'Unknown' };
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

const EVENT_TYPES: Record<FlagEvent['type'], true> = {
  FlagCreated: true,
  FlagUpdated: true,
  FlagDeleted: true,
  FlagStatusChanged: true,
};
const CONTROL_TYPES: Record<ControlMessage['type'], true> = {
  SyncStarted: true,
  SyncComplete: true,
  Heartbeat: true,
  Goodbye: true,
  Error: true,
  Pong: true,
};

function isEventType(type: string): type is FlagEvent['type'] {
  return Object.hasOwn(EVENT_TYPES, type);
}

function isControlType(type: string): type is ControlMessage['type'] {
  return Object.hasOwn(CONTROL_TYPES, type);
}

type Data = Record<string, unknown>;

function parseEvent(type: FlagEvent['type'], data: Data): FlagEvent | null {
  switch (type) {
    case 'FlagCreated':
    case 'FlagUpdated': {
      const flag = parseFlagDefinition(data);
      return flag && { type, data: flag };
    }
    case 'FlagDeleted': {
      const whole = isFlagId(data['flag_id']) && Number.isSafeInteger(data['version']);
      return whole ? ({ type, data } as FlagEvent) : null;
    }
    case 'FlagStatusChanged': {
      const whole =
        isFlagId(data['flag_id']) &&
        Number.isSafeInteger(data['version']) &&
        isFlagStatus(data['new_status']) &&
        typeof data['updated_at'] === 'string';
      return whole ? ({ type, data } as FlagEvent) : null;
    }
  }
}

function parseControl(type: ControlMessage['type'], data: Data): ControlMessage | null {
  return isControl(type, data) ? ({ type, data } as ControlMessage) : null;
}

function isControl(type: ControlMessage['type'], data: Data): boolean {
  switch (type) {
    case 'SyncStarted':
      return data['mode'] === 'full' || data['mode'] === 'delta';
    case 'SyncComplete':
      return isCount(data['flag_count']);
    case 'Heartbeat':
      return isCount(data['age_ms']);
    case 'Goodbye':
      // A reason that is not known is still a Goodbye.
      return typeof data['reason'] === 'string' && (data['retry_after_ms'] === null || isCount(data['retry_after_ms']));
    case 'Error':
      return typeof data['code'] === 'string' && typeof data['message'] === 'string';
    case 'Pong':
      return true;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
