import { isIPv6 } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** What a proxy writes may be anything; what is counted by it is kept. */
const LONGEST = 64;

/**
 * Whom an address stands for where something is counted: itself for IPv4, its /64 for IPv6, of which whoever has one address
 * has all (RFC 6177). An IPv4 address in the form of an IPv6 one is the IPv4 address.
 */
export function addressGroup(address: string): string {
  const [plain = ''] = address.split('%', 1);
  if (!isIPv6(plain)) return plain.slice(0, LONGEST);
  const [, mapped] = MAPPED.exec(plain) ?? [];
  if (mapped !== undefined) return mapped;
  const [left = [], right = []] = plain.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  // "::" stands for as many zeros as are missing of eight groups; what ends like an IPv4 address is short of one more.
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const network = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
