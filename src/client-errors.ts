import { type RequestHandler } from 'express';
import { type Server, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { type Config } from './config/config.js';
import { type Refusals } from './common/refusals.js';
import { type BareRefusal, refuseBare, refuseRequest } from './sync/http-upgrade.js';

const MALFORMED: BareRefusal = { status: 400, code: 'malformed_http', detail: 'This is not a request of HTTP/1.1 (RFC 9112).' };

const NO_HOST: BareRefusal = {
  status: 400,
  code: 'malformed_http',
  detail: 'A request of HTTP/1.1 has a Host header (RFC 9112 section 3.2).',
};
const EXPECTATION: BareRefusal = {
  status: 417,
  code: 'expectation_failed',
  detail: 'No other expectation than 100-continue is met (RFC 9110 section 10.1.1).',
};

/** By the codes of Node's errors. */
const REFUSALS: Record<string, BareRefusal> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'headers_too_large',
    detail: 'The request line and the headers are larger than 16 KiB: send less, such as a shorter filter or cursor.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'request_timeout',
    detail: 'The request did not arrive in time: FLAGWIRE_HEADERS_TIMEOUT_S and FLAGWIRE_REQUEST_TIMEOUT_S say how long that is.',
  },
};

/**
 * What Node refuses before there is a request: what is no HTTP, and what comes too slowly. Streams and long polls take their
 * time with the answer; the time for a request ends with its last byte.
 */
export function refuseBadClients(server: Server, { headersTimeoutMs, requestTimeoutMs }: Config, refusals: Refusals): void {
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  // Weak: Node does not tell of the end of a response that waited behind another one when its client left.
  const answering = new WeakMap<Duplex, number>();
  const count = (socket: Duplex, change: number): void => {
    const now = (answering.get(socket) ?? 0) + change;
    if (now > 0) answering.set(socket, now);
    else answering.delete(socket);
  };
  // One for all: a function for each response is dear beside a 304.
  const ended = function (this: ServerResponse): void {
    count(this.req.socket, -1);
  };
  server.on('request', ({ socket }, response: ServerResponse) => {
    count(socket, 1);
    response.on('close', ended);
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => refuseRequest(response, EXPECTATION, refusals));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Into the midst of another answer nothing can be said.
    if (!socket.writable || answering.has(socket)) return void socket.destroy();
    refuseBare(socket, REFUSALS[error.code ?? ''] ?? MALFORMED, refusals);
  });
}

/** Stands in front of the routes. Node would refuse it without a word. */
export function hostRequired(refusals: Refusals): RequestHandler {
  return function requireHost({ httpVersion, headers }, response, next) {
    if (httpVersion === '1.1' && headers.host === undefined) refuseRequest(response, NO_HOST, refusals);
    else next();
  };
}
