import { Injectable } from '@nestjs/common';
import { type FlagFilter, isObject, parseFilter } from '@flagwire/protocol/sync';
import { Clock } from '../common/clock.js';
import { Unauthenticated } from '../common/errors.js';
import { Config } from '../config/config.js';
import { KeyRing } from './key-ring.js';
import { type LiveKey } from './key-table.js';
import { sameHash } from './secret-format.js';
import { ServerSecrets } from './server-secrets.js';

export const TICKET_PREFIX = 'fw_tkt_';
const FORM = /^(fw_tkt_([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]{43})$/;
/** A filter has 4 KiB at most. */
const MAX_LENGTH = 8192;

/** `k`: the key's id, `e`: its environment, `f`: the canonical filter or null, `x`: Unix milliseconds of its end. */
interface Payload {
  k: string;
  e: string;
  f: string | null;
  x: number;
}

export interface IssuedTicket {
  ticket: string;
  /** Whole seconds, rounded down. */
  expiresIn: number;
}

function parsePayload(text: string): Payload | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!isObject(value)) return null;
    const { k, e, f, x } = value;
    const isWhole =
      typeof k === 'string' && typeof e === 'string' && (f === null || typeof f === 'string') && typeof x === 'number';
    return isWhole ? { k, e, f, x } : null;
  } catch {
    return null;
  }
}

/** Signed, stateless stand-ins for a key in a URL: good for streams, for an hour, and dead with their key. */
@Injectable()
export class Tickets {
  constructor(
    private readonly secrets: ServerSecrets,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * A ticket of this key for these flags; it never outlives the key.
   * @throws Unauthenticated where the key died meanwhile.
   * @throws DatabaseUnavailable where nothing can be signed yet.
   */
  async issue(keyId: string, filter: FlagFilter | null): Promise<IssuedTicket> {
    const key = await this.ring.withId(keyId);
    const now = this.clock.now();
    const end = Math.min(now + this.config.ticketTtlMs, key.expiresAt ?? Infinity);
    const payload: Payload = { k: key.id, e: key.environmentId, f: filter?.canonical ?? null, x: end };
    const body = TICKET_PREFIX + Buffer.from(JSON.stringify(payload)).toString('base64url');
    const signature = await this.secrets.sign(body);
    return { ticket: `${body}.${signature.toString('base64url')}`, expiresIn: Math.floor((end - now) / 1000) };
  }

  /**
   * The live key behind a ticket, and what the ticket is limited to.
   * @param expiredToo whether one is good that has expired.
   * @throws Unauthenticated
   * @throws DatabaseUnavailable, KeyNotChecked where nobody can tell now.
   */
  async verify(ticket: string, expiredToo = false): Promise<{ key: LiveKey; filter: FlagFilter | null }> {
    const [, body = '', encoded = '', signature = ''] = (ticket.length <= MAX_LENGTH && FORM.exec(ticket)) || [];
    if (body === '') throw new Unauthenticated('malformed_ticket', 'This is not a ticket: make one with POST /sdk/ticket.');
    if (!sameHash(await this.secrets.sign(body), Buffer.from(signature, 'base64url'))) {
      throw new Unauthenticated('unknown_ticket', 'This ticket was not made by this server: make one with POST /sdk/ticket.');
    }
    const payload = parsePayload(encoded);
    if (payload === null) throw new Unauthenticated('malformed_ticket', 'This is not a ticket: make one with POST /sdk/ticket.');
    if (!expiredToo && payload.x <= this.clock.now()) {
      throw new Unauthenticated('expired_ticket', 'This ticket has expired: make another one.');
    }
    const key = await this.ring.withId(payload.k);
    // A key never moves; this is what a restored database with the same id would look like.
    if (key.environmentId !== payload.e) throw new Unauthenticated('unknown_ticket', 'The key of this ticket belongs elsewhere.');
    return { key, filter: payload.f === null ? null : parseFilter(payload.f.split(',')) };
  }
}
