/** The most bytes of one write: small enough that a slow reader holds back little, large enough to cost few writes. */
export const SLICE_BYTES = 64 * 1024;

const CRLF = '\r\n';

/**
 * Bytes that are shared by all connections that get them, framed once as a chunk of HTTP/1.1 (RFC 9112 section 7.1), so that
 * they can be written to a socket as they are.
 */
export class Frame {
  /** With the chunk's size line and end. */
  readonly chunk: Buffer;
  /** The same memory, without them. */
  readonly payload: Buffer;

  /** @param endsMessage false: the message goes on in the next frame, and nothing may come between. */
  constructor(
    payload: Buffer,
    readonly endsMessage: boolean,
  ) {
    const size = payload.length.toString(16) + CRLF;
    this.chunk = Buffer.concat([Buffer.from(size, 'latin1'), payload, Buffer.from(CRLF, 'latin1')]);
    this.payload = this.chunk.subarray(size.length, size.length + payload.length);
  }

  static of(text: string): Frame {
    return new Frame(Buffer.from(text), true);
  }
}

/** Packs whole messages into as few frames as the slice allows; a message larger than a slice gets several of its own. */
export function pack(messages: Iterable<string>): Frame[] {
  const frames: Frame[] = [];
  let gathered = '';
  const flush = () => {
    if (gathered !== '') frames.push(...slices(Buffer.from(gathered)));
    gathered = '';
  };
  for (const message of messages) {
    if (gathered.length + message.length > SLICE_BYTES) flush();
    gathered += message;
  }
  flush();
  return frames;
}

/** Only what holds a single message, or more bytes than characters, exceeds a slice here. */
function slices(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    const end = Math.min(start + SLICE_BYTES, bytes.length);
    frames.push(new Frame(bytes.subarray(start, end), end === bytes.length));
  }
  return frames;
}
