/** The form of keys and tokens (protocol section 7). It tells a typo from an unknown key; it proves nothing. */
export const CREDENTIAL_PREFIXES = { server: 'fw_srv_', client: 'fw_cli_', admin: 'fw_adm_' } as const;
/** Whose credential it is, told by its first letters. */
export type CredentialKind = keyof typeof CREDENTIAL_PREFIXES;

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM_LENGTH = 6;
const FORM = /^fw_(srv|cli|adm)_([0-9A-Za-z]{12})([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;
const KINDS = { srv: 'server', cli: 'client', adm: 'admin' } as const satisfies Record<string, CredentialKind>;

/** CRC-32 of a text, unsigned; handed in, since each runtime has its own. */
type Crc32 = (text: string) => number;

/** The last six characters of a credential that begins with `text`. */
export function credentialChecksum(text: string, crc32: Crc32): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = BASE_62.charAt(rest % BASE_62.length) + digits;
    rest = Math.floor(rest / BASE_62.length);
  }
  return digits;
}

/** The parts, or null for what no server ever made: another form, or a wrong checksum. */
export function readCredential(text: string, crc32: Crc32): { kind: CredentialKind; selector: string; secret: string } | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, letters = 'srv', selector = '', secret = '', sum] = match;
  if (credentialChecksum(text.slice(0, -CHECKSUM_LENGTH), crc32) !== sum) return null;
  return { kind: KINDS[letters as keyof typeof KINDS], selector, secret };
}
