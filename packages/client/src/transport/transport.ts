import { NO_CURSOR } from '@flagwire/protocol/sync';
import { CLIENT } from '../client-name.js';
import { type Answer, type Received } from '../sync/messages.js';
import { type Failure } from './failure.js';

export type TransportName = 'sse' | 'event-source' | 'websocket' | 'socket.io' | 'long-poll' | 'poll';

/** A server key goes into a header; a browser, which must not have one, gets a ticket from its backend. */
export type Credential = { readonly key: string } | { readonly ticket: string };

export interface OpenRequest {
  readonly credential: Credential;
  /** Opaque; `none` asks for a full sync. */
  readonly cursor: string;
  /** What is held is current: a poll may be answered late, when there is news. Else it has to be answered at once. */
  readonly wait: boolean;
}

export type TransportEvent =
  /** The server took the connection: headers came, or the socket opened. Of a poll there is none. */
  | { type: 'Opened' }
  /** Bytes came, whatever they mean. */
  | { type: 'Heard' }
  /** `size` in characters, of the message as it was sent. */
  | { type: 'Received'; message: Received; size: number }
  | { type: 'Answered'; answer: Answer }
  | { type: 'Unchanged'; asked: string }
  /** The server's `retry:`, in milliseconds. */
  | { type: 'Retry'; after_ms: number }
  /** Null: a poll has been answered, and the next is due. */
  | { type: 'Ended'; failure: Failure | null };

/** What the client has applied: on `connection_id`, everything up to the cursor `id`, `waited_ms` milliseconds ago. */
export interface Receipt {
  readonly connection_id: string;
  readonly id: string;
  readonly waited_ms: number;
}

export interface Connection {
  /** Ends it. Nothing is told after that, `Ended` neither. May be called at any time, also twice. */
  close(): void;
  /** Tells the server; rejects where that did not hear it, and where `signal` ends it. A poll has none: its tag says the same. */
  acknowledge?(receipt: Receipt, signal: object): Promise<void>;
}

/**
 * One way to hear from the server.
 *
 *     stream:  open() ── Opened ──> (Heard | Received | Retry)* ── Ended(failure)
 *     poll:    open() ── Heard* ──> Answered | Unchanged ──> Ended(null)
 *     either:  open() ── Ended(failure)          any ── close() ──> silence
 *
 * `Ended` is told once and is the last; until then the connection is its owner's to close. A transport has no timer and never tries
 * again: how long it may be silent, and what follows its end, is the policy's (connection/policy.ts). It does not throw, and tells
 * nothing before `open` has returned. At most one message of `MAX_MESSAGE` is held, and of a poll one body of `MAX_BODY`.
 */
export interface Transport extends Traits {
  open(request: OpenRequest, listener: (event: TransportEvent) => void): Connection;
}

/** What is known of a transport before it is opened. */
export interface Traits {
  readonly name: TransportName;
  /** Whether each request is answered once and asks for the next, and after what time. */
  readonly kind: 'stream' | 'poll';
  /** How long the server may take to answer at all, in milliseconds. */
  readonly answers_within_ms: number;
  /** Between the answer of a poll and the next, in milliseconds. */
  readonly interval_ms: number;
  /** How long an open stream with no news tells nothing, while all is well, in milliseconds; of a poll 0. */
  readonly quiet_ms: number;
}

/** Where the server is, and which flags are asked for; null: all. It is read at each opening: a subscription may change. */
export interface Site {
  /** Without the path of a door: `https://flags.example.com`. */
  readonly url: string;
  readonly flags: readonly string[] | null;
  /** By which operators find the program: `name/version`. Default: this SDK's. */
  readonly client?: string | undefined;
}

/** In characters. A definition is far smaller: the server takes no body of a mebibyte. */
export const MAX_MESSAGE = 4_194_304;
/** In characters: the body of a poll has every flag. */
export const MAX_BODY = 134_217_728;

/** The address of a door with its query, without the values that are null. */
export function addressOf(site: Site, door: string, query: Record<string, string | null> = {}): string {
  const all = { ...query, flags: site.flags?.join(',') ?? null, client: site.client ?? CLIENT };
  const pairs = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : `${name}=${encodeURIComponent(value)}`));
  const base = `${site.url.replace(/\/+$/, '')}/sdk/${door}`;
  return pairs.length === 0 ? base : `${base}?${pairs.join('&')}`;
}

/** Of the address of a stream: the ticket, where it is one, and the cursor, where there is one. */
export function streamQuery({ credential, cursor }: OpenRequest): { ticket: string | null; last_event_id: string | null } {
  return { ticket: ticketOf(credential), last_event_id: cursor === NO_CURSOR ? null : cursor };
}

export function ticketOf(credential: Credential): string | null {
  return 'ticket' in credential ? credential.ticket : null;
}

export function headersOf(credential: Credential): Record<string, string> {
  return 'key' in credential ? { Authorization: `Bearer ${credential.key}` } : {};
}
