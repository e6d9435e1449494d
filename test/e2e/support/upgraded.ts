import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { watchRefusal } from '../../support/known-secrets.js';
import { eventually } from '../../support/wait.js';

export interface FrameParts {
  opcode: number;
  payload?: string | Buffer;
  isFinal?: boolean;
  isMasked?: boolean;
  /** Reserved bits, 0 to 7. */
  reserved?: number;
}

/** A WebSocket frame from client to server, also one that RFC 6455 does not allow. */
export function frame({ opcode, payload = '', isFinal = true, isMasked = true, reserved = 0 }: FrameParts): Buffer {
  const body = Buffer.from(payload as string);
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const bit = isMasked ? 0x80 : 0;
  const long = body.length > 0xffff;
  const head = Buffer.alloc(body.length < 126 ? 2 : long ? 10 : 4);
  head[0] = first;
  head[1] = bit | (body.length < 126 ? body.length : long ? 127 : 126);
  if (long) head.writeBigUInt64BE(BigInt(body.length), 2);
  else if (body.length >= 126) head.writeUInt16BE(body.length, 2);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), body]);
}

export const text = (payload: string | Buffer): Buffer => frame({ opcode: 1, payload });

/** An upgraded connection, byte by byte. */
export class Upgraded {
  received = Buffer.alloc(0);
  isClosed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      watchRefusal('an upgraded connection', this.text);
    });
  }

  static async open(port: number, path: string, headers: Record<string, string> = {}): Promise<Upgraded> {
    const upgraded = new Upgraded(connect({ port, host: '127.0.0.1' }));
    const lines = Object.entries({
      Host: '127.0.0.1',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    });
    upgraded.socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    await eventually(() => upgraded.isClosed || upgraded.text.includes('\r\n\r\n'));
    return upgraded;
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  /** The code of the close frame, once the connection is closed; null: closed without. */
  async closeCode(timeoutMs = 4000): Promise<number | null> {
    await eventually(() => this.isClosed, { timeoutMs, what: 'the end of the connection' });
    let at = this.received.indexOf('\r\n\r\n') + 4;
    while (at + 1 < this.received.length) {
      const opcode = (this.received[at] ?? 0) & 0x0f;
      const short = (this.received[at + 1] ?? 0) & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      const length =
        short < 126 ? short : short === 126 ? this.received.readUInt16BE(at + 2) : this.received.readUInt32BE(at + 6);
      if (opcode === 8) return length < 2 ? null : this.received.readUInt16BE(at + head);
      at += head + length;
    }
    return null;
  }
}
