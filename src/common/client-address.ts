import { type IncomingMessage } from 'node:http';
import { type Request } from 'express';

/**
 * Where a request came from, as far as FLAGWIRE_TRUST_PROXY believes what proxies wrote; empty where its connection is gone. Good for
 * upgrades, too: HttpAdapter gives every request the prototype of Express.
 */
export function addressOf(request: IncomingMessage): string {
  return (request as Request).ip ?? '';
}
