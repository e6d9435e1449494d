import { isUtf8 } from 'node:buffer';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type NextFunction, type Request, type Response } from 'express';
import { bodyExcess } from './body-shape.js';

/** As the body parser names its own errors: `type` is what the problem document is made of. */
function parserError(type: string, more: object = {}): Error {
  return Object.assign(new Error(type), { type, ...more });
}

/** In front of the parser, which would read off the whole of a body before it says that it is too long. */
export function noLongerThan(limitOf: (request: Request) => number) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const limit = limitOf(request);
    if (Number(request.headers['content-length'] ?? 0) > limit) next(parserError('entity.too.large', { limit }));
    else next();
  };
}

/** The parser's `verify`. @param most fields, objects and lists of a body, all together. */
export function plainBody(most: number) {
  return (_request: IncomingMessage, _response: ServerResponse, body: Buffer, charset: string): void => {
    onlyUtf8(body, charset);
    const excess = bodyExcess(body, most);
    if (excess !== null) throw parserError('entity.too.complex', { excess });
  };
}

/**
 * The parser would put U+FFFD for what is not UTF-8, and other text than was sent would be stored. Of JSON's
 * encodings only UTF-8 is left (RFC 8259 section 8.1).
 */
function onlyUtf8(body: Buffer, charset: string): void {
  if (charset !== 'utf-8') throw parserError('charset.unsupported');
  if (!isUtf8(body)) throw parserError('entity.utf8.invalid');
}
