import { crc32 } from 'node:zlib';
import { CREDENTIAL_PREFIXES, type CredentialKind, readCredential } from '@flagwire/protocol/admin';
import { type Finding, found } from './finding.js';

const COPY = 'Copy it again, whole. It was not sent anywhere.';

/** What the form of a key says, without asking anybody; null: it is well formed, and of a kind that reads definitions. */
export function keyFormFinding(key: string): Finding | null {
  const kind = kindOf(key);
  if (kind === null)
    return found('key', 'fault', 'its form or its checksum is wrong: a character is missing or another one', COPY);
  switch (kind) {
    case 'server':
      return null;
    case 'client':
      return found(
        'key',
        'warning',
        'a client key: it is no typo, but /sdk shows definitions to server keys alone',
        'Give a server key.',
      );
    case 'admin':
      return found('key', 'fault', 'an admin token, not an SDK key', 'The token belongs into FLAGWIRE_TOKEN.');
  }
}

/** The same of an admin token. One that somebody made for FLAGWIRE_ADMIN_TOKEN has no form that could be wrong. */
export function tokenFormFinding(token: string): Finding | null {
  const looksIssued = Object.values(CREDENTIAL_PREFIXES).some((prefix) => token.startsWith(prefix));
  if (!looksIssued) return null;
  const kind = kindOf(token);
  if (kind === null)
    return found('token', 'fault', 'its form or its checksum is wrong: a character is missing or another one', COPY);
  return kind === 'admin'
    ? null
    : found('token', 'fault', `a ${kind} key, not an admin token`, 'The key belongs into FLAGWIRE_SDK_KEY.');
}

function kindOf(text: string): CredentialKind | null {
  return readCredential(text, (body) => crc32(body))?.kind ?? null;
}
