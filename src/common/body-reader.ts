import { isUtf8 } from 'node:buffer';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import bodyParser from 'body-parser';
import type { Request, Response } from 'express';
import { bodyExcess } from './body-shape.js';
import { UnsupportedMediaType } from './errors.js';

/** As the body parser names its own errors: `type` is what the problem document is made of. */
function parserError(type: string, more: object = {}): Error {
  return Object.assign(new Error(type), { type, ...more });
}

export interface BodyLimits {
  readonly bytes: number;
  /** What the setting of that limit is called. */
  readonly setting: string;
  /** Fields, objects and lists, all together. */
  readonly parts: number;
}

/** The parser's `verify`. */
function plainBody(most: number) {
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

/**
 * Makes what reads a JSON body into `request.body`. It rejects with an error of the parser (`problemOf` knows them), as soon as it is
 * known that the body is too long; or with UnsupportedMediaType where the body is something else: it is refused, not ignored
 * (RFC 9110 section 15.5.16).
 */
export function bodyReader({
  bytes: limit,
  setting,
  parts,
}: BodyLimits): (request: Request, response: Response) => Promise<void> {
  const parse = bodyParser.json({ limit, verify: plainBody(parts) });
  return (request, response) =>
    new Promise((resolve, reject) => {
      const { headers } = request;
      const length = Number(headers['content-length'] ?? 0);
      const isChunked = headers['transfer-encoding'] !== undefined;
      const refuse = () => {
        reject(parserError('entity.too.large', { limit, setting }));
      };
      if (length > limit) {
        refuse();
        return;
      }
      // The parser alone would read a body that is too long to its end, and only then say so.
      if (isChunked) refuseBeyond(limit, request, refuse);
      parse(request, response, (error?: Error) => {
        if (error !== undefined)
          reject('type' in error ? Object.assign(error, { setting }) : parserError('entity.unpacking.failed'));
        else if (request.body === undefined && (isChunked || length > 0)) reject(new UnsupportedMediaType());
        else resolve();
      });
    });
}

function refuseBeyond(limit: number, request: Request, refuse: () => void): void {
  let received = 0;
  request.on('data', function count(piece: Buffer) {
    received += piece.length;
    if (received <= limit) return;
    request.off('data', count);
    refuse();
  });
}
