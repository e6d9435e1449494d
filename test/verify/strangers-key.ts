import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM_LENGTH = 6;

/** A server key of the right form, with its checksum (protocol section 7), that no server has made. */
export function strangersKey(): string {
  const body = `fw_srv_${'Stranger'.repeat(6).slice(0, 44)}`;
  let rest = crc32(body);
  let checksum = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    checksum = DIGITS.charAt(rest % DIGITS.length) + checksum;
    rest = Math.floor(rest / DIGITS.length);
  }
  return body + checksum;
}
