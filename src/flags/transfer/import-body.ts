import { type IncomingMessage } from 'node:http';
import type { Request } from 'express';

const IMPORT = /^\/api\/projects\/[^/?]+\/import\/?(\?|$)/i;

/** Whether the request is an import with a JSON body: of this one route the body may be larger than elsewhere. */
export function isImport(request: IncomingMessage): boolean {
  const { method, url = '' } = request;
  return method === 'POST' && IMPORT.test(url) && (request as Request).is('application/json') !== false;
}
