import { describe, expect, it } from '@jest/globals';
import { type GoodbyeReason } from '@flagwire/protocol/sync';
import { sayGoodbye } from './farewell.js';
import { openText } from './form.js';
import { SLICE_BYTES } from './frame.js';
import { FakeOutlet } from './outlet.fake.js';
import { ChunkFrame, SSE } from './sse-form.js';

const CURSOR = 'epoch001.7.m00007';

function farewell(reason: GoodbyeReason, retryAfterMs: number | null): string {
  const outlet = new FakeOutlet();
  sayGoodbye(outlet, CURSOR, reason, retryAfterMs);
  return outlet.text;
}

const pack = (texts: string[]) => [...SSE.pack(texts)];

const message = (length: number, letter = 'x') => `data: ${letter.repeat(length - 8)}\n\n`;
const joined = (frames: ChunkFrame[]) => Buffer.concat(frames.map(({ payload }) => payload)).toString();

/** Takes a chunked body apart as RFC 9112 section 7.1 says. */
function dechunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = body.subarray(at, lineEnd).toString('latin1');
    expect(size).toMatch(/^[1-9a-f][0-9a-f]*$/);
    const start = lineEnd + 2;
    const end = start + Number.parseInt(size, 16);
    parts.push(body.subarray(start, end));
    expect(body.subarray(end, end + 2).toString('latin1')).toBe('\r\n');
    at = end + 2;
  }
  return Buffer.concat(parts);
}

describe('A frame', () => {
  it.each(['a', ': ping\n\n', 'ü€😀', 'x'.repeat(15), 'x'.repeat(16), 'x'.repeat(70_000)])(
    'is one chunk of HTTP/1.1 around its bytes (%#)',
    (text) => {
      const frame = ChunkFrame.of(text);
      expect(frame.payload.toString()).toBe(text);
      expect(dechunk(frame.bytes).equals(frame.payload)).toBe(true);
    },
  );

  it('has its chunk and its payload in the same memory', () => {
    const { bytes, payload } = ChunkFrame.of('hello');
    expect(payload.buffer).toBe(bytes.buffer);
  });
});

describe('Packing', () => {
  it('puts whole messages into as few frames as there can be', () => {
    const frames = pack(Array.from({ length: 10 }, () => message(20_000)));
    expect(frames.map(({ payload }) => payload.length)).toEqual([60_000, 60_000, 60_000, 20_000]);
    expect(frames.every(({ endsMessage }) => endsMessage)).toBe(true);
    expect(frames.every(({ payload }) => payload.toString().endsWith('\n\n'))).toBe(true);
  });

  it('fills a frame to the last byte', () => {
    expect(pack([message(SLICE_BYTES - 100), message(100)])).toHaveLength(1);
    expect(pack([message(SLICE_BYTES - 100), message(101)])).toHaveLength(2);
  });

  it('splits a message that is larger than a slice, and says where it ends', () => {
    const frames = pack([message(100, 'a'), message(3 * SLICE_BYTES, 'b'), message(100, 'c')]);
    expect(frames.map(({ endsMessage }) => endsMessage)).toEqual([true, false, false, true, true]);
    expect(frames.every(({ payload }) => payload.length <= SLICE_BYTES)).toBe(true);
  });

  it('loses no byte of characters that take several', () => {
    const messages = Array.from({ length: 30 }, (_, index) => message(9000 + index, '€'));
    const frames = pack(messages);
    expect(joined(frames)).toBe(messages.join(''));
    expect(frames.every(({ payload }) => payload.length <= SLICE_BYTES)).toBe(true);
    expect(frames.at(-1)?.endsMessage).toBe(true);
  });

  it('of nothing is nothing', () => {
    expect(pack([])).toEqual([]);
  });

  it('keeps every byte in order, whatever the sizes', () => {
    let size = 7;
    const messages = Array.from({ length: 200 }, (_, index) => {
      size = (size * 7919) % 40_009;
      return message(8 + size, String.fromCharCode(97 + (index % 26)));
    });
    expect(joined(pack(messages))).toBe(messages.join(''));
  });
});

describe('The text of an event stream', () => {
  it('opens with where the client stands and when it may come back', () => {
    expect(SSE.opening(CURSOR, 2500).payload.toString()).toBe('id: epoch001.7.m00007\nretry: 2500\n\n');
  });

  it('has an id and one line of data for each message, and no event name', () => {
    expect(SSE.text({ openText: openText({ type: 'Pong', data: {} }), id: CURSOR })).toBe(
      'id: epoch001.7.m00007\ndata: {"type":"Pong","data":{}}\n\n',
    );
  });

  it('says more only where more follows', () => {
    const text = '{"type":"FlagDeleted","data":{"flag_id":"a","version":2}';
    expect(SSE.text({ openText: text, id: CURSOR, more: false })).toBe(`id: ${CURSOR}\ndata: ${text}}\n\n`);
    expect(SSE.text({ openText: text, id: CURSOR, more: true })).toBe(`id: ${CURSOR}\ndata: ${text},"more":true}\n\n`);
  });

  it('has no raw line end in its data, whatever a flag is called', () => {
    const text = SSE.text({ openText: openText({ name: 'a\nb\r\nc\u2028d' }), id: 'none', requestId: 'r\n1' });
    expect(text.match(/[\r\n]/g)).toEqual(['\n', '\n', '\n']);
  });

  it('pings with a comment', () => {
    expect(SSE.ping.payload.toString()).toBe(': ping\n\n');
  });

  it('says before a Goodbye when to come back, unless the client shall not', () => {
    expect(farewell('shutdown', 1500)).toBe(
      `id: ${CURSOR}\nretry: 1500\n\nid: ${CURSOR}\ndata: {"type":"Goodbye","data":{"reason":"shutdown","retry_after_ms":1500}}\n\n`,
    );
    expect(farewell('key_revoked', null)).toBe(
      `id: ${CURSOR}\ndata: {"type":"Goodbye","data":{"reason":"key_revoked","retry_after_ms":null}}\n\n`,
    );
  });
});
