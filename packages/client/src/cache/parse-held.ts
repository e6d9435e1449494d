import { type FlagDefinition, isObject, NO_CURSOR, parseFlagDefinition } from '@flagwire/protocol/sync';

/** What is kept of a state: cursor, filter and flags, which mean nothing one without the others. */
export interface Held {
  readonly cursor: string;
  /** What the flags are a part of: the server, and the filter. Kept flags of another scope are not used. */
  readonly scope: string;
  readonly flags: ReadonlyMap<string, FlagDefinition>;
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
