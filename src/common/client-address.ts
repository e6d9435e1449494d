import { type IncomingMessage } from 'node:http';
import { type Request } from 'express';

/** Some proxies write the port as well; with it, each connection would be an address of its own. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/;

/**
 * Where a request came from, as far as FLAGWIRE_TRUST_PROXY believes what proxies wrote; empty where its connection is gone. Good for
 * upgrades, too: HttpAdapter gives every request the prototype of Express.
 */
export function addressOf(request: IncomingMessage): string {
  const address = (request as Request).ip ?? '';
  const [, ipv6, ipv4] = WITH_PORT.exec(address) ?? [];
  return ipv6 ?? ipv4 ?? address;
}
