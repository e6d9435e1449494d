import { isObject } from './json.js';

const LONGEST_REQUEST_ID = 64;
const LONGEST_CURSOR = 64;
const LONGEST_FLAG_ID = 128;

/** What a client may ask on a socket (protocol section 5). */
export type ClientRequest = {
  /** Echoed in every message of the answer. */
  request_id?: string | undefined;
} & (
  | { type: 'Subscribe'; flags: string[] | null }
  | { type: 'Unsubscribe' }
  | { type: 'GetFlag'; flag_id: string }
  | { type: 'GetAllFlags' }
  | { type: 'Ping' }
  /** The cursor that the client has applied, and how many milliseconds ago. */
  | { type: 'Ack'; id: string; waited_ms: number }
);

/** What is no request, and why. */
export interface RequestFault {
  fault: 'malformed_request' | 'unknown_request';
  message: string;
  request_id?: string | undefined;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longest;
}

function isWait(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && value >= 0);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Reads one request. Fields that are not known are ignored: a newer client may send more. */
export function parseClientRequest(value: unknown): ClientRequest | RequestFault {
  if (!isObject(value)) return malformed('A request is an object such as {"type": "Ping"}.');
  const { type, request_id, flags, flag_id, id, waited_ms } = value;
  if (request_id !== undefined && !isText(request_id, LONGEST_REQUEST_ID)) {
    return malformed(`request_id must be a text of 1 to ${LONGEST_REQUEST_ID} characters.`);
  }
  switch (type) {
    case 'Subscribe':
      if (flags === undefined || flags === null) return { type, flags: null, request_id };
      return isTexts(flags)
        ? { type, flags, request_id }
        : malformed('flags must be a list of flag ids and prefixes, or null for all.', request_id);
    case 'GetFlag':
      return isText(flag_id, LONGEST_FLAG_ID)
        ? { type, flag_id, request_id }
        : malformed('flag_id must be the id of a flag.', request_id);
    case 'Ack':
      if (!isText(id, LONGEST_CURSOR)) return malformed('id must be a cursor.', request_id);
      return isWait(waited_ms)
        ? { type, id, waited_ms: waited_ms ?? 0, request_id }
        : malformed('waited_ms must be milliseconds from 0.', request_id);
    case 'Unsubscribe':
    case 'GetAllFlags':
    case 'Ping':
      return { type, request_id };
    default:
      return unknown(request_id);
  }
}

function malformed(message: string, request_id?: string): RequestFault {
  return { fault: 'malformed_request', message, request_id };
}

function unknown(request_id: string | undefined): RequestFault {
  const known = 'Subscribe, Unsubscribe, GetFlag, GetAllFlags, Ping and Ack';
  return { fault: 'unknown_request', message: `There is no request of this type: there are ${known}.`, request_id };
}
