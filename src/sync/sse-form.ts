import { closing, type Form, type Outgoing } from './form.js';
import { type Frame, SLICE_BYTES } from './frame.js';

const CRLF = '\r\n';

/** A part of an event stream, framed once as a chunk of HTTP/1.1 (RFC 9112 section 7.1). */
export class ChunkFrame implements Frame {
  /** The chunk: size line, payload and end. */
  readonly bytes: Buffer;
  /** The same memory, without the chunk's size line and end: for connections that are not chunked. */
  readonly payload: Buffer;

  constructor(
    payload: Buffer,
    readonly endsMessage: boolean,
  ) {
    const size = payload.length.toString(16) + CRLF;
    this.bytes = Buffer.concat([Buffer.from(size, 'latin1'), payload, Buffer.from(CRLF, 'latin1')]);
    this.payload = this.bytes.subarray(size.length, size.length + payload.length);
  }

  static of(text: string): ChunkFrame {
    return new ChunkFrame(Buffer.from(text), true);
  }
}

/** A message that is larger than a slice gets several frames of its own. */
function* packed(texts: Iterable<string>): Generator<ChunkFrame> {
  let gathered = '';
  for (const text of texts) {
    if (gathered !== '' && gathered.length + text.length > SLICE_BYTES) {
      yield* slices(Buffer.from(gathered));
      gathered = '';
    }
    gathered += text;
  }
  if (gathered !== '') yield* slices(Buffer.from(gathered));
}

/** Only what holds a single message, or more bytes than characters, exceeds a slice here. */
function* slices(bytes: Buffer): Generator<ChunkFrame> {
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    const end = Math.min(start + SLICE_BYTES, bytes.length);
    yield new ChunkFrame(bytes.subarray(start, end), end === bytes.length);
  }
}

/**
 * An event stream (WHATWG HTML, section 9.2.6). Every message is one `id:` and one `data:` line, without an `event:` line:
 * JSON holds no raw line end, and a cursor none either. The ping is a comment, which clients ignore and proxies count as traffic.
 */
export const SSE = {
  transport: 'sse',
  text: (message: Outgoing) => `id: ${message.id}\ndata: ${message.openText}${closing(message, null)}\n\n`,
  pack: packed,
  join: (frames: readonly ChunkFrame[]) => new ChunkFrame(Buffer.concat(frames.map(({ payload }) => payload)), true),
  opening: (id: string, retryMs: number) => ChunkFrame.of(`id: ${id}\nretry: ${retryMs}\n\n`),
  ping: ChunkFrame.of(': ping\n\n'),
} satisfies Form;
