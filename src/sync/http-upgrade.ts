import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';
import { type Refusals } from '../common/refusals.js';

/** What is answered where there is no request yet, or none any more. */
export interface BareRefusal {
  status: number;
  /** See docs/errors.md. */
  code: string;
  detail: string;
}

const RETRY_AFTER_S = '1';

/** There is no place for another WebSocket. */
export const FULL: BareRefusal = {
  status: 503,
  code: 'overload',
  detail: 'This node has as many connections as it may have: try again in a moment.',
};

/** Answers what reaches no route, as the problem documents of routes are; counts it, and closes. */
export function refuseBare(socket: Duplex, refusal: BareRefusal, refusals: Refusals): void {
  refusals.note(refusal);
  const { status, headers, body } = answerOf(refusal);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.on('error', () => undefined);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
}

/** The same to a request that has a response. */
export function refuseRequest(response: ServerResponse, refusal: BareRefusal, refusals: Refusals): void {
  refusals.note(refusal);
  const { status, headers, body } = answerOf(refusal);
  response.writeHead(status, headers).end(body);
}

function answerOf({ status, code, detail }: BareRefusal): { status: number; headers: Record<string, string>; body: string } {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ type: `urn:flagwire:error:${code}`, title, status, detail, code });
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...(status === 503 ? { 'Retry-After': RETRY_AFTER_S } : {}),
  };
  return { status, headers, body };
}

/**
 * A server may pass over an upgrade that it does not know (RFC 9110 section 7.8), and Java's client asks for `h2c` with every first
 * request. Node gives the connection away as soon as somebody listens for upgrades, whatever it is to be upgraded to: so it is given
 * back, with the request as it would have been without the offer.
 */
export function giveBack(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!/^(upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${withoutOffer(name, rawHeaders[at + 1] ?? '')}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function withoutOffer(name: string, value: string): string {
  if (name.toLowerCase() !== 'connection') return value;
  const kept = value.split(',').map((option) => option.trim());
  return kept.filter((option) => !/^(upgrade|http2-settings)$/i.test(option)).join(', ');
}
