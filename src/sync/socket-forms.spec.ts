import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import * as ws from 'ws';
import { SLICE_BYTES } from './frame.js';
import { SOCKET_IO, WEB_SOCKET } from './socket-forms.js';

const CURSOR = 'epoch001.7.m00007';
const OPEN = '{"type":"FlagDeleted","data":{"flag_id":"a","version":2}';

/** What reads frames in the library that clients use; its types leave it out. */
interface Receiver extends EventEmitter {
  end(bytes: Buffer): void;
}
const { Receiver: LibraryReceiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Receiver };

/** The messages in the bytes. */
async function read(frames: Iterable<{ bytes: Buffer }>): Promise<string[]> {
  const receiver = new LibraryReceiver({ isServer: false });
  const messages: string[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push(isBinary ? 'binary' : data.toString()));
  const bytes = Buffer.concat([...frames].map((frame) => frame.bytes));
  if (bytes.length === 0) return messages;
  receiver.end(bytes);
  await once(receiver, 'finish');
  return messages;
}

describe('A message on a plain WebSocket', () => {
  it('has its id, and says more and whose answer it is only where that is so', () => {
    expect(WEB_SOCKET.text({ openText: OPEN, id: CURSOR })).toBe(`${OPEN},"id":"${CURSOR}"}`);
    const text = WEB_SOCKET.text({ openText: OPEN, id: CURSOR, more: true, requestId: 'a"b' });
    expect(text).toBe(`${OPEN},"id":"${CURSOR}","more":true,"request_id":"a\\"b"}`);
    expect(JSON.parse(text)).toMatchObject({ type: 'FlagDeleted', id: CURSOR, more: true, request_id: 'a"b' });
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000])('of %d bytes arrives as it was', async (length) => {
    const text = 'x'.repeat(length);
    expect(await read(WEB_SOCKET.pack([text]))).toEqual([text]);
    expect(await read(SOCKET_IO.pack([text]))).toEqual([text]);
  });

  it('shares a frame with others, in order, up to a slice', async () => {
    const texts = Array.from({ length: 400 }, (_, index) => `${index} ${'€'.repeat(index % 300)}`);
    for (const form of [WEB_SOCKET, SOCKET_IO]) {
      const frames = [...form.pack(texts)];
      expect(await read(frames)).toEqual(texts);
      expect(frames.length).toBeLessThan(5);
      expect(frames.every(({ bytes, endsMessage }) => endsMessage && bytes.length < SLICE_BYTES + 10)).toBe(true);
    }
  });

  it('that is larger than a slice goes in fragments, and says where it ends', async () => {
    const texts = ['before', 'ü'.repeat(SLICE_BYTES), 'after'];
    const frames = [...WEB_SOCKET.pack(texts)];
    expect(frames.map(({ endsMessage }) => endsMessage)).toEqual([true, false, true, true]);
    expect(await read(frames)).toEqual(texts);
  });

  it('lets a ping between the fragments of another', async () => {
    const [first, ...rest] = WEB_SOCKET.pack(['y'.repeat(3 * SLICE_BYTES)]);
    expect(await read([first!, WEB_SOCKET.ping, ...rest])).toEqual(['y'.repeat(3 * SLICE_BYTES)]);
  });
});

describe('A message on Socket.IO', () => {
  it('is an event of the namespace, with the message as its only argument', () => {
    const text = SOCKET_IO.text({ openText: OPEN, id: CURSOR, requestId: 'r1' });
    expect(text).toBe(`42/sdk,["message",${OPEN},"id":"${CURSOR}","request_id":"r1"}]`);
  });

  it('is never in fragments: the library’s own frames could come between', () => {
    expect([...SOCKET_IO.pack(['y'.repeat(3 * SLICE_BYTES)])].map(({ endsMessage }) => endsMessage)).toEqual([true]);
  });
});

describe('Packing nothing', () => {
  it('gives nothing', () => {
    expect([...WEB_SOCKET.pack([])]).toEqual([]);
  });
});
