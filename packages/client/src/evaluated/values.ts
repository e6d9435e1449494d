import { isObject, type Json } from '@flagwire/protocol/sync';
import { freeze } from '../evaluation/freeze.js';
import { type Reason } from '../evaluation/evaluator.js';

/** What a flag is for one context, as the server has decided it. */
export interface EvaluatedFlag {
  readonly id: string;
  /** Undefined: the default in the code is to be used. */
  readonly value?: Json;
  readonly variant: string | null;
  /** A later server may name others. */
  readonly reason: Reason;
  readonly version: number | null;
  /** Where the flag could not be evaluated: why, as OFREP names it. */
  readonly error_code?: string;
}

/** A bulk answer: every flag for one context, at one revision. */
export interface Values {
  readonly flags: ReadonlyMap<string, EvaluatedFlag>;
  /** What to send as `If-None-Match`; null: nothing stands for it. */
  readonly tag: string | null;
  readonly revision: number | null;
  /** Where changes are told of, as the server wrote it; null: nowhere. */
  readonly stream: string | null;
  /** As it came, for the cache. */
  readonly body: string;
}

/** Null where any of it cannot be read: a bad answer is refused whole. */
export function parseValues(body: string, tag: string | null): Values | null {
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isObject(data) || !Array.isArray(data['flags'])) return null;
  const { metadata, eventStreams } = data;
  const parsed = (data['flags'] as unknown[]).map(parseFlag);
  const flags = parsed.filter((flag) => flag !== null);
  if (flags.length !== parsed.length) return null;
  return {
    // A map, since a flag may have any name, `__proto__` as well.
    flags: new Map(flags.map((flag) => [flag.id, flag])),
    tag,
    revision: isObject(metadata) ? numberOf(metadata['revision']) : null,
    stream: Array.isArray(eventStreams) ? streamOf(eventStreams) : null,
    body,
  };
}

/**
 * Where the values stand: the server's tags begin with the cursor (docs/ofrep.md). Null: the tag is not of that form.
 * @param tag as it stands in the header `ETag`.
 */
export function cursorOf(tag: string | null): string | null {
  return /^(?:W\/)?"([a-z0-9.]+)-/.exec(tag ?? '')?.[1] ?? null;
}

function parseFlag(data: unknown): EvaluatedFlag | null {
  if (!isObject(data) || typeof data['key'] !== 'string') return null;
  const { key: id, value, variant, reason, metadata, errorCode } = data;
  return freeze({
    id,
    ...(value === undefined || value === null ? {} : { value: value as Json }),
    variant: typeof variant === 'string' ? variant : null,
    reason: (typeof errorCode === 'string' ? 'ERROR' : typeof reason === 'string' ? reason : 'DEFAULT') as Reason,
    version: isObject(metadata) ? numberOf(metadata['version']) : null,
    ...(typeof errorCode === 'string' ? { error_code: errorCode } : {}),
  });
}

/** The first that this client can read. */
function streamOf(streams: unknown[]): string | null {
  for (const stream of streams) {
    if (!isObject(stream) || stream['type'] !== 'sse' || !isObject(stream['endpoint'])) continue;
    const { requestUri } = stream['endpoint'];
    // Under the origin that was asked, and no other: two slashes would begin with a host.
    if (typeof requestUri === 'string' && /^\/(?!\/)/.test(requestUri)) return requestUri;
  }
  return null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
