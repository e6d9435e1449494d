import { closing, type Form, type Outgoing } from './form.js';
import { type Frame, SLICE_BYTES } from './frame.js';

const FINAL = 0x80;
const CONTINUATION = 0x0;
const TEXT = 0x1;
const PING = 0x9;

/** One WebSocket frame from server to client: not masked (RFC 6455 section 5.2). */
function webSocketFrame(opcode: number, isFinal: boolean, payload: Buffer): Buffer {
  const { length } = payload;
  const first = (isFinal ? FINAL : 0) | opcode;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  if (length < 2 ** 16) return Buffer.concat([Buffer.from([first, 126, length >> 8, length & 0xff]), payload]);
  const header = Buffer.alloc(10);
  header.writeUInt8(first, 0);
  header.writeUInt8(127, 1);
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** The parts of a large message, which only control frames may come between (RFC 6455 section 5.4). */
function* fragments(payload: Buffer): Generator<Frame> {
  for (let start = 0; start < payload.length; start += SLICE_BYTES) {
    const end = Math.min(start + SLICE_BYTES, payload.length);
    const isFinal = end === payload.length;
    const opcode = start === 0 ? TEXT : CONTINUATION;
    yield { bytes: webSocketFrame(opcode, isFinal, payload.subarray(start, end)), endsMessage: isFinal };
  }
}

/** @param inParts whether a message that is larger than a slice is sent in fragments. */
function* packed(texts: Iterable<string>, inParts: boolean): Generator<Frame> {
  let gathered: Buffer[] = [];
  let size = 0;
  const flush = (): Frame => {
    const frame = { bytes: Buffer.concat(gathered), endsMessage: true };
    gathered = [];
    size = 0;
    return frame;
  };
  for (const text of texts) {
    const payload = Buffer.from(text);
    if (size > 0 && size + payload.length > SLICE_BYTES) yield flush();
    if (inParts && payload.length > SLICE_BYTES) {
      yield* fragments(payload);
      continue;
    }
    const bytes = webSocketFrame(TEXT, true, payload);
    gathered.push(bytes);
    size += bytes.length;
  }
  if (size > 0) yield flush();
}

function joined(frames: readonly Frame[]): Frame {
  return { bytes: Buffer.concat(frames.map(({ bytes }) => bytes)), endsMessage: true };
}

/** A message as plain WebSocket has it: `{"type","data","id",…}`, one text message each (protocol section 5). */
export const WEB_SOCKET = {
  transport: 'websocket',
  text: (message: Outgoing) => message.openText + closing(message, message.id),
  pack: (texts: Iterable<string>) => packed(texts, true),
  join: joined,
  opening: () => null,
  ping: { bytes: webSocketFrame(PING, true, Buffer.alloc(0)), endsMessage: true },
} satisfies Form;

/**
 * The same as the event `message` of Socket.IO's namespace `/sdk`: an Engine.IO message (`4`) that holds a Socket.IO event (`2`).
 * A message is never sent in fragments, since the library writes data frames of its own, pings and acknowledgements, whenever
 * it likes; and it pings by itself.
 */
export const SOCKET_IO = {
  transport: 'socket.io',
  text: (message: Outgoing) => `42/sdk,["message",${message.openText}${closing(message, message.id)}]`,
  pack: (texts: Iterable<string>) => packed(texts, false),
  join: joined,
  opening: () => null,
  ping: null,
} satisfies Form;
