import { Injectable } from '@nestjs/common';
import { isObject } from '@flagwire/protocol/sync';
import { Clock } from '../common/clock.js';
import { Unauthenticated } from '../common/errors.js';
import { KeyRing } from './key-ring.js';
import { type LiveKey } from './key-table.js';
import { type SdkPrincipal } from './principal.js';
import { sameHash } from './secret-format.js';
import { ServerSecrets } from './server-secrets.js';

const PREFIX = 'fw_evt_';
const FORM = /^(fw_evt_([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]{43})$/;
const MAX_LENGTH = 512;
const WHENCE = 'Every bulk answer of /ofrep/v1 holds one, in eventStreams.';
const DAY_MS = 24 * 3600 * 1000;
/** Days before today whose tokens are good. */
const DAYS_KEPT = 1;
/** A neighbour's clock may be ahead at midnight. */
const DAYS_AHEAD = 1;

/** `k`: the key's id, `e`: its environment, `d`: the day. */
interface Payload {
  k: string;
  e: string;
  d: number;
}

type Owner = Pick<SdkPrincipal, 'keyId' | 'environmentId'>;

function bodyOf({ keyId, environmentId }: Owner, day: number): string {
  const payload: Payload = { k: keyId, e: environmentId, d: day };
  return PREFIX + Buffer.from(JSON.stringify(payload)).toString('base64url');
}

function signedBy(body: string, signature: Buffer): string {
  return `${body}.${signature.toString('base64url')}`;
}

function parsePayload(text: string): Payload | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!isObject(value)) return null;
    const { k, e, d } = value;
    return typeof k === 'string' && typeof e === 'string' && typeof d === 'number' ? { k, e, d } : null;
  } catch {
    return null;
  }
}

/**
 * Signed stand-ins for a key in the URL of a notice stream: they open that, and nothing else. Of one key there is one a day, the same
 * from every node, so that the URL stays the same: a stock provider opens another stream where it changes. Good for that day and the next,
 * any number of times, and dead with their key.
 */
@Injectable()
export class StreamTokens {
  constructor(
    private readonly secrets: ServerSecrets,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** The day of the tokens that are made now: days since 1970, UTC. */
  get day(): number {
    return Math.floor(this.clock.now() / DAY_MS);
  }

  /** @throws DatabaseUnavailable where nothing can be signed yet. */
  async issue(owner: Owner, day: number): Promise<string> {
    const body = bodyOf(owner, day);
    return signedBy(body, await this.secrets.sign(body));
  }

  /** The same in this turn; null: nothing can be signed before it has been waited for. */
  issueNow(owner: Owner, day: number): string | null {
    const body = bodyOf(owner, day);
    const signature = this.secrets.signNow(body);
    return signature === null ? null : signedBy(body, signature);
  }

  /**
   * The live key behind a token.
   * @throws Unauthenticated
   * @throws DatabaseUnavailable, KeyNotChecked where nobody can tell now.
   */
  async verify(token: string): Promise<LiveKey> {
    const [, body = '', encoded = '', signature = ''] = (token.length <= MAX_LENGTH && FORM.exec(token)) || [];
    const payload = parsePayload(encoded);
    if (body === '' || payload === null)
      throw new Unauthenticated('malformed_stream_token', `This is not a stream token. ${WHENCE}`);
    if (!sameHash(await this.secrets.sign(body), Buffer.from(signature, 'base64url'))) {
      throw new Unauthenticated('unknown_stream_token', `This stream token was not made by this server. ${WHENCE}`);
    }
    if (payload.d < this.day - DAYS_KEPT || payload.d > this.day + DAYS_AHEAD) {
      throw new Unauthenticated('expired_stream_token', `This stream token is of another day. ${WHENCE}`);
    }
    const key = await this.ring.withId(payload.k);
    // A key never moves; this is what a restored database with the same id would look like.
    if (key.environmentId !== payload.e) {
      throw new Unauthenticated('unknown_stream_token', `The key of this stream token belongs elsewhere. ${WHENCE}`);
    }
    return key;
  }
}
