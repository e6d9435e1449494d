/**
 * Frames of RFC 6455 as a client meets them, on text whose characters are bytes (latin1): enough for what servers send here.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const TEXT = 0x1;

/** A frame of a client has to be masked (section 5.3). Up to 64 KiB. */
function masked(opcode, text) {
  const payload = Buffer.from(text, 'latin1');
  const { length } = payload;
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const mask = randomBytes(4);
  for (let index = 0; index < length; index += 1) payload[index] ^= mask[index % 4];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), mask, payload]);
}

export const textFrame = (text) => masked(TEXT, text);

/** What the server has to be told at once; null: nothing. @throws Error where it closes. */
export function answerTo({ opcode, payload }) {
  if (opcode === PING) return masked(PONG, payload);
  if (opcode === CLOSE) throw new Error(`The server closed: ${payload}`);
  return null;
}

function lengthAt(text, at) {
  const short = text.charCodeAt(at + 1) & 0x7f;
  const more = short === 127 ? 8 : short === 126 ? 2 : 0;
  let length = more === 0 ? short : 0;
  for (let index = 0; index < more; index += 1) length = length * 256 + text.charCodeAt(at + 2 + index);
  return { from: at + 2 + more, length };
}

/** The whole frames of a text, and what is left of it. */
export function framesOf(text) {
  const frames = [];
  let at = 0;
  while (text.length >= at + 2) {
    const { from, length } = lengthAt(text, at);
    if (!(text.length >= from + length)) break;
    frames.push({ opcode: text.charCodeAt(at) & 0xf, payload: text.slice(from, from + length) });
    at = from + length;
  }
  return { frames, rest: text.slice(at) };
}
