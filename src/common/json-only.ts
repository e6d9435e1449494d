import { type NextFunction, type Request, type Response } from 'express';
import { UnsupportedMediaType } from './errors.js';

/** Behind the parser: a body that it has left alone is refused, not ignored (RFC 9110 section 15.5.16). */
export function jsonOnly(request: Request, _response: Response, next: NextFunction): void {
  const { headers, method } = request;
  // What a GET carries has no meaning (RFC 9110 section 9.3.1).
  if (method === 'GET' || method === 'HEAD') return next();
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody && request.body === undefined) next(new UnsupportedMediaType());
  else next();
}
