import { withoutSecrets } from '../common/redact.js';

/** How a client names itself: `name/version`. */
export interface ClientName {
  readonly name: string;
  readonly version: string | null;
}

const LONGEST = 96;
const NAME = /^[\w.@+-]+(?:\/[\w.@+-]+)*$/;

/** Null for nothing, and for what is no name: it names nobody, and nobody is refused for it. */
export function clientName(text: unknown): ClientName | null {
  if (typeof text !== 'string' || text.length > LONGEST || !NAME.test(text) || withoutSecrets(text) !== text) return null;
  const slash = text.lastIndexOf('/');
  return slash === -1 ? { name: text, version: null } : { name: text.slice(0, slash), version: text.slice(slash + 1) };
}
