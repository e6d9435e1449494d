import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';

/** What the refusal of an upgrade says where there is no place. */
export const FULL = 'This node has as many connections as it may have: try again in a moment.';

/** Answers an upgrade that nobody takes, as the problem documents of other routes are, and closes. */
export function refuseUpgrade(socket: Duplex, status: number, code: string, detail: string): void {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ type: `urn:flagwire:error:${code}`, title, status, detail, code });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.on('error', () => undefined);
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
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
