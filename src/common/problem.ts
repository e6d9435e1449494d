import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { type Problem } from '@flagwire/protocol/admin';
import { DomainError, type ErrorKind, InvalidInput, RateLimited } from './errors.js';

/** An error as HTTP: the status and body of RFC 9457, and the headers that belong to it. */
export interface HttpProblem {
  body: Problem;
  headers: Record<string, string>;
  /** Nobody foresaw it: it has to be logged. */
  isUnexpected: boolean;
}

const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  upgrade_required: 426,
  rate_limited: 429,
  unavailable: 503,
  storage_full: 507,
} as const satisfies Record<ErrorKind, number>;

/** Codes of refusals that no domain error stands for; any other status has its name as code. */
const CODES: Record<number, string> = { 404: 'route_not_found' };

/** What the body parsers call their errors (their README lists them), and what a caller can do about each. */
const PARSER_ERRORS: Record<string, { status: number; code: string; detail: (error: ParserError) => string }> = {
  'entity.too.large': {
    status: 413,
    code: 'body_too_large',
    detail: ({ limit, setting }) => {
      const bound = limit === undefined ? 'is taken' : `${limit} bytes`;
      return `The body is larger than ${bound}: send less at once${setting === undefined ? '' : `, or raise ${setting}`}.`;
    },
  },
  'entity.too.complex': {
    status: 400,
    code: 'invalid_input',
    detail: ({ excess }) => `The body has ${excess}: send less at once.`,
  },
  'entity.utf8.invalid': {
    status: 400,
    code: 'malformed_json',
    detail: () => 'The body is not UTF-8: some of its bytes are no characters. JSON is sent as UTF-8.',
  },
  'entity.unpacking.failed': {
    status: 400,
    code: 'malformed_json',
    detail: () => 'The body is not packed as its Content-Encoding says.',
  },
  'entity.parse.failed': { status: 400, code: 'malformed_json', detail: ({ message }) => `The body is not JSON: ${message}` },
  'charset.unsupported': { status: 415, code: 'unsupported_charset', detail: () => 'Send the body as UTF-8.' },
  'encoding.unsupported': {
    status: 415,
    code: 'unsupported_encoding',
    detail: () => 'Send the body as it is, or with Content-Encoding gzip, deflate or br.',
  },
  'request.aborted': { status: 400, code: 'request_aborted', detail: () => 'The request ended before its body did.' },
  'request.size.invalid': { status: 400, code: 'wrong_length', detail: () => 'Content-Length does not fit the body.' },
};

interface ParserError {
  type: string;
  message: string;
  /** Bytes. */
  limit?: number;
  /** That raises the limit. */
  setting?: string;
  excess?: string;
}

const RETRY_MS = 1000;

function parserErrorOf(error: unknown): ParserError | null {
  const origin = error instanceof HttpException ? error.cause : error;
  if (!(origin instanceof Error) || !('type' in origin) || typeof origin.type !== 'string') return null;
  return Object.hasOwn(PARSER_ERRORS, origin.type) ? (origin as ParserError) : null;
}

function problem(status: number, code: string, detail: string, more: object = {}): Problem {
  return { ...more, type: `urn:flagwire:error:${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}

function retryAfter(ms: number): Record<string, string> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1000))) };
}

function headersFor(error: DomainError): Record<string, string> {
  if (error.kind === 'unauthenticated') return { 'WWW-Authenticate': 'Bearer' };
  if (error.kind === 'upgrade_required') return { Upgrade: 'websocket', Connection: 'Upgrade' };
  if (error instanceof RateLimited) return retryAfter(error.retryAfterMs);
  return error.kind === 'unavailable' ? retryAfter(RETRY_MS) : {};
}

function fromDomain(error: DomainError): HttpProblem {
  const errors = error instanceof InvalidInput ? { errors: [...error.mistakes] } : {};
  const body = problem(STATUS[error.kind], error.code, error.message, { ...error.extra, ...errors });
  return { body, headers: headersFor(error), isUnexpected: false };
}

function codeOf(status: number): string {
  return CODES[status] ?? (STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(/[^a-z]+/g, '_');
}

/** Any error as HTTP. What is not meant for the caller becomes `internal_error` and says nothing of itself. */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof DomainError) return fromDomain(error);
  const parserError = parserErrorOf(error);
  if (parserError !== null) {
    const { status, code, detail } = PARSER_ERRORS[parserError.type]!;
    return { body: problem(status, code, detail(parserError)), headers: {}, isUnexpected: false };
  }
  if (error instanceof HttpException && error.getStatus() < 500) {
    const status = error.getStatus();
    const code = error.cause instanceof URIError ? 'malformed_url' : codeOf(status);
    // The router's own sentence repeats the address, with the key in it.
    const detail = code === 'route_not_found' ? 'There is no such route: /docs lists them.' : error.message;
    return { body: problem(status, code, detail), headers: {}, isUnexpected: false };
  }
  const body = problem(
    500,
    'internal_error',
    'The server made a mistake; it is in its log. Nothing is known to be wrong with the request.',
  );
  return { body, headers: {}, isUnexpected: true };
}
