import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Random } from '../common/random.js';

/** Whose secret it is, told by its first letters. */
export type SecretKind = 'server' | 'client' | 'admin';

const PREFIXES = { server: 'fw_srv_', client: 'fw_cli_', admin: 'fw_adm_' } as const satisfies Record<SecretKind, string>;
const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SELECTOR_LENGTH = 12;
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
/** Of the selector, what a list may show: enough to tell keys apart, not enough to look one up. */
const SHOWN_LENGTH = 4;

const FORM = /^(fw_(?:srv|cli|adm)_)([0-9A-Za-z]{12})([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

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

/** CRC-32 in base 62, so that a typo is told from an unknown key without a look-up. It protects nothing. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = ALPHANUMERIC.charAt(rest % ALPHANUMERIC.length) + digits;
    rest = Math.floor(rest / ALPHANUMERIC.length);
  }
  return digits;
}

export function drawSecret(kind: SecretKind, random: Random): NewSecret {
  const selector = random.text(SELECTOR_LENGTH, ALPHANUMERIC);
  const secret = random.text(SECRET_LENGTH, ALPHANUMERIC);
  const body = PREFIXES[kind] + selector + secret;
  return { text: body + checksum(body), selector, secretHash: sha256(secret).toString('hex') };
}

/** The parts, or `malformed` for what no server ever made: another form, or a typo. Asks no database. */
export function parseSecret(text: string): PresentedSecret | 'malformed' {
  const match = FORM.exec(text);
  if (match === null) return 'malformed';
  const [, prefix = '', selector = '', secret = '', sum = ''] = match;
  if (checksum(prefix + selector + secret) !== sum) return 'malformed';
  const kind = prefix === PREFIXES.server ? 'server' : prefix === PREFIXES.client ? 'client' : 'admin';
  return { kind, selector, secretHash: sha256(secret) };
}

/** How lists show a secret. */
export function shownPrefix(kind: SecretKind, selector: string): string {
  return PREFIXES[kind] + selector.slice(0, SHOWN_LENGTH);
}

/** Compares two SHA-256 values in constant time. */
export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Compares two texts in a time that says nothing of either. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
