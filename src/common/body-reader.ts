import { hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { type IncomingMessage } from 'node:http';
import bodyParser from 'body-parser';
import type { Request, Response } from 'express';
import { BodyShape } from './body-shape.js';
import { UnsupportedMediaType } from './errors.js';

/** As the body parser names its own errors: `type` is what the problem document is made of. */
export function parserError(type: string, more: object = {}): Error {
  return Object.assign(new Error(type), { type, ...more });
}

export interface BodyLimits {
  readonly bytes: number;
  /** What the setting of that limit is called. */
  readonly setting: string;
  /** Fields, objects and lists, all together. */
  readonly parts: number;
}

/** What reading leaves on the request beside `body`. */
export interface BodyHolder {
  /** SHA-256 of the bytes, unpacked, in base64. Absent: there was no body. */
  bodyDigest?: string;
}

/**
 * Reads a JSON body into `request.body`. It rejects with an error of the parser (`problemOf` knows them), as soon as it is known that
 * the body is too long; or with UnsupportedMediaType where the body is something else: it is refused, not ignored (RFC 9110 section
 * 15.5.16).
 */
export type ReadBody = (request: Request, response: Response) => Promise<void>;

/** Parses at once: for bodies that take some milliseconds. */
export function bodyReader(limits: BodyLimits): ReadBody {
  const parse = bodyParser.json({
    limit: limits.bytes,
    verify: (request, _response, body, charset) => {
      onlyUtf8(body, charset);
      const excess = new BodyShape(limits.parts).add(body);
      if (excess !== null) throw parserError('entity.too.complex', { excess });
      (request as BodyHolder).bodyDigest = hash('sha256', body, 'base64');
    },
  });
  const { bytes: limit, setting } = limits;
  return (request, response) =>
    new Promise((resolve, reject) => {
      const refuse = () => {
        reject(tooLarge(limits));
      };
      if (lengthOf(request) > limit) {
        refuse();
        return;
      }
      // The parser alone would read a body that is too long to its end, and only then say so.
      if (isChunked(request)) refuseBeyond(limit, request, refuse);
      parse(request, response, (error?: Error) => {
        if (error !== undefined)
          reject('type' in error ? Object.assign(error, { setting }) : parserError('entity.unpacking.failed'));
        else if (request.body === undefined && hasBody(request)) reject(new UnsupportedMediaType());
        else resolve();
      });
    });
}

/**
 * The parser would put U+FFFD for what is not UTF-8, and other text than was sent would be stored. Of JSON's
 * encodings only UTF-8 is left (RFC 8259 section 8.1).
 */
function onlyUtf8(body: Buffer, charset: string): void {
  if (charset !== 'utf-8') throw parserError('charset.unsupported');
  if (!isUtf8(body)) throw parserError('entity.utf8.invalid');
}

/** As the headers have it; 0: none, or it is not known before its end. */
export function lengthOf({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

function isChunked({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined;
}

export function hasBody(request: IncomingMessage): boolean {
  return isChunked(request) || lengthOf(request) > 0;
}

export function tooLarge({ bytes, setting }: BodyLimits): Error {
  return parserError('entity.too.large', { limit: bytes, setting });
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
