import { type FlagDefinition, isObject, NO_CURSOR, parseFlagDefinition } from '@flagwire/protocol/sync';

/** What is kept of a state: cursor, filter and flags, which mean nothing one without the others. */
export interface Held {
  readonly cursor: string;
  /** What the flags are a part of: the server, and the filter. Kept flags of another scope are not used. */
  readonly scope: string;
  readonly flags: ReadonlyMap<string, FlagDefinition>;
}

const FORMAT = 'flagwire-1';

export function scopeOf(site: { readonly url: string; readonly flags: readonly string[] | null }): string {
  const filter = site.flags === null ? '*' : [...new Set(site.flags)].sort().join(',');
  return `${site.url.replace(/\/+$/, '')} ${filter}`;
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

/** Also for data that an application brings: null where any of it cannot be read. Without a cursor the next sync is a full one. */
export function parseHeld(data: unknown): Held | null {
  if (!isObject(data) || !Array.isArray(data['flags'])) return null;
  const { cursor = NO_CURSOR, scope = '' } = data;
  const flags = (data['flags'] as unknown[]).map(parseFlagDefinition);
  const whole = flags.filter((flag) => flag !== null);
  if (whole.length !== flags.length || typeof cursor !== 'string' || typeof scope !== 'string') return null;
  return { cursor, scope, flags: new Map(whole.map((flag) => [flag.id, flag])) };
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
