import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type CredentialKind, CREDENTIAL_PREFIXES, credentialChecksum, readCredential } from '@flagwire/protocol/admin';
import { type Random } from '../common/random.js';

/** Whose secret it is, told by its first letters. */
export type SecretKind = CredentialKind;

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SELECTOR_LENGTH = 12;
const SECRET_LENGTH = 32;
/** Of the selector, what a list may show: enough to tell keys apart, not enough to look one up. */
const SHOWN_LENGTH = 4;

/** A new secret. `text` is shown once and kept nowhere. */
export interface NewSecret {
  text: string;
  selector: string;
  /** SHA-256 of the secret part, hex. The secret is 190 random bits: nothing slower is needed. */
  secretHash: string;
}

/** A secret as presented: well formed, not yet known to be right. */
export interface PresentedSecret {
  kind: SecretKind;
  selector: string;
  secretHash: Buffer;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function drawSecret(kind: SecretKind, random: Random): NewSecret {
  const selector = random.text(SELECTOR_LENGTH, ALPHANUMERIC);
  const secret = random.text(SECRET_LENGTH, ALPHANUMERIC);
  const body = CREDENTIAL_PREFIXES[kind] + selector + secret;
  return { text: body + credentialChecksum(body, crc32), selector, secretHash: sha256(secret).toString('hex') };
}

/** The parts, or `malformed` for what no server ever made: another form, or a typo. Asks no database. */
export function parseSecret(text: string): PresentedSecret | 'malformed' {
  const read = readCredential(text, crc32);
  return read === null ? 'malformed' : { kind: read.kind, selector: read.selector, secretHash: sha256(read.secret) };
}

/** How lists show a secret. */
export function shownPrefix(kind: SecretKind, selector: string): string {
  return CREDENTIAL_PREFIXES[kind] + selector.slice(0, SHOWN_LENGTH);
}

/** Compares two SHA-256 values in constant time. */
export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Compares two texts in a time that says nothing of either. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
