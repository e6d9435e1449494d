import { createHash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { type Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { type ContentType, parse as parseContentType } from 'content-type';
import type { Request } from 'express';
import { type BodyHolder, type BodyLimits, hasBody, lengthOf, parserError, type ReadBody, tooLarge } from './body-reader.js';
import { BodyShape } from './body-shape.js';
import { UnsupportedMediaType } from './errors.js';
import { JsonStream } from './json-stream.js';

/** Bytes that are parsed in one turn: 5 to 10 ms where they are nothing but short fields. */
const PIECE = 16 * 1024;

/**
 * Reads bodies of any size while others are served: each piece is parsed as it comes, and then everybody else has a turn. It tells
 * bodies from one another, and refuses them, as `bodyReader` does.
 */
export function documentReader(limits: BodyLimits): ReadBody {
  return async (request) => {
    const { type, parameters } = contentTypeOf(request);
    if (type !== 'application/json') {
      if (hasBody(request)) throw new UnsupportedMediaType();
      return;
    }
    if ((parameters['charset']?.toLowerCase() ?? 'utf-8') !== 'utf-8') throw parserError('charset.unsupported');
    if (lengthOf(request) > limits.bytes) throw tooLarge(limits);
    const document = new Document(limits);
    await pour(request, unpacked(request), (piece) => {
      document.add(piece);
    });
    request.body = document.end();
    (request as BodyHolder).bodyDigest = document.digest();
  };
}

/** What has come of a document so far. */
class Document {
  private readonly json = new JsonStream();
  private readonly shape: BodyShape;
  private readonly hash = createHash('sha256');
  /** The parser itself would put U+FFFD for what is no character. */
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true });
  private bytes = 0;

  constructor(private readonly limits: BodyLimits) {
    this.shape = new BodyShape(limits.parts);
  }

  /** @throws an error of the parser. */
  add(piece: Buffer): void {
    this.bytes += piece.length;
    if (this.bytes > this.limits.bytes) throw tooLarge(this.limits);
    this.checkUtf8(() => this.utf8.decode(piece, { stream: true }));
    const excess = this.shape.add(piece);
    if (excess !== null) throw parserError('entity.too.complex', { excess });
    this.hash.update(piece);
    parsed(() => {
      this.json.write(piece);
    });
  }

  /** No body at all is an empty object, and what is neither object nor list is none. */
  end(): unknown {
    if (this.bytes === 0) return {};
    this.checkUtf8(() => this.utf8.decode());
    const value = parsed(() => this.json.end());
    if (typeof value === 'object' && value !== null) return value;
    throw parserError('entity.parse.failed', { message: 'it must be an object or a list' });
  }

  /** SHA-256, base64. */
  digest(): string {
    return this.hash.digest('base64');
  }

  private checkUtf8(decode: () => void): void {
    try {
      decode();
    } catch {
      throw parserError('entity.utf8.invalid');
    }
  }
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw parserError('entity.parse.failed', { message: error.message });
  }
}

function contentTypeOf({ headers }: IncomingMessage): ContentType {
  return parseContentType(headers['content-type'] ?? '');
}

function unpacked(request: Request): Readable {
  const coding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  switch (coding) {
    case 'identity':
      return request;
    case 'gzip':
      return request.pipe(createGunzip());
    case 'deflate':
      return request.pipe(createInflate());
    case 'br':
      return request.pipe(createBrotliDecompress());
    default:
      throw parserError('encoding.unsupported');
  }
}

/**
 * Hands on piece after piece, each in a turn of its own, and asks for more when it is through: in between everybody else has a turn,
 * however fast it comes (a socket gives two MiB in one turn). Where a piece is refused, what is left of the request stays unread:
 * nothing of it is destroyed.
 */
function pour(request: Request, source: Readable, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = new Writable({
      write(piece: Buffer, _encoding, done) {
        inPieces(piece, take).then(
          () => {
            done();
          },
          (error: unknown) => {
            done(error as Error);
          },
        );
      },
    });
    const end = (error: Error) => {
      request.unpipe();
      if (source !== request) source.destroy();
      reject(error);
    };
    sink.once('finish', resolve).once('error', end);
    if (source !== request) source.once('error', () => end(parserError('entity.unpacking.failed')));
    request.once('close', () => {
      if (!request.complete) end(parserError('request.aborted'));
    });
    source.pipe(sink);
  });
}

async function inPieces(bytes: Buffer, take: (piece: Buffer) => void): Promise<void> {
  for (let start = 0; start < bytes.length; start += PIECE) {
    take(bytes.subarray(start, start + PIECE));
    await setImmediate();
  }
}
