import { type Site } from '../transport/transport.js';
import { type Held, parseHeld } from './parse-held.js';

const FORMAT = 'flagwire-1';
/** In `fw_srv_` + selector + secret + checksum. */
const SELECTOR = [7, 19] as const;

/** @param credential what `markOf` gives: two keys may be of two environments, which share a server but no flags. */
export function scopeOf(site: Site, credential: string): string {
  const filter = site.flags === null ? '*' : [...new Set(site.flags)].sort().join(',');
  return `${site.url.replace(/\/+$/, '')} ${credential} ${filter}`;
}

/** Tells keys apart without saying which they are: a hash of the selector, which is no secret. All tickets are one. */
export function markOf(sdkKey: string | undefined): string {
  const selector = sdkKey?.slice(...SELECTOR);
  return selector === undefined ? 'ticket' : checksum(selector) + checksum(selector + selector);
}

/** One text with a checksum: half of a file, or one of another program, is seen. */
export function encodeHeld({ cursor, scope, flags }: Held): string {
  const body = JSON.stringify({ cursor, scope, flags: [...flags.values()] });
  return `${FORMAT} ${checksum(body)} ${body}`;
}

/** Null where the text is not whole, or not ours. */
export function decodeHeld(text: string): Held | null {
  const [format, sum, ...rest] = text.split(' ');
  const body = rest.join(' ');
  return format === FORMAT && sum === checksum(body) ? parseHeld(parseJson(body)) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** FNV-1a, 32 bits: against accidents, not against anybody. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
