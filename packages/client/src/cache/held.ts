import { type Site } from '../transport/transport.js';
import { type Held, parseHeld } from './parse-held.js';
import { checksum, seal, unseal } from './seal.js';

const FORMAT = 'flagwire-1';
/** In `fw_srv_` + selector + secret + checksum; a client key has the same parts. */
const SELECTOR = [7, 19] as const;

/** @param credential what `markOf` gives: two keys may be of two environments, which share a server but no flags. */
export function scopeOf(site: Site, credential: string): string {
  const filter = site.flags === null ? '*' : [...new Set(site.flags)].sort().join(',');
  return `${site.url.replace(/\/+$/, '')} ${credential} ${filter}`;
}

/** Tells keys apart without saying which they are: a hash of the selector, which is no secret. All tickets are one. */
export function markOf(key: string | undefined): string {
  const selector = key?.slice(...SELECTOR);
  return selector === undefined ? 'ticket' : checksum(selector) + checksum(selector + selector);
}

export function encodeHeld({ cursor, scope, flags }: Held): string {
  return seal(FORMAT, { cursor, scope, flags: [...flags.values()] });
}

/** Null where the text is not whole, or not ours. */
export function decodeHeld(text: string): Held | null {
  return parseHeld(unseal(FORMAT, text));
}
