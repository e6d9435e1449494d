import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type SseEvent, SseReader } from './sse-reader.js';

interface Case {
  name: string;
  /** Text, sent as UTF-8; or the bytes. */
  input?: string;
  hex?: string;
  events: { data: string; id?: string; event?: string }[];
  retry?: number[];
}

const cases = JSON.parse(readFileSync(join(__dirname, '../../test/sse-cases.json'), 'utf8')) as Case[];

interface Read {
  events: SseEvent[];
  retry: number[];
  tooLarge: number;
}

function read(pieces: Iterable<Uint8Array>, limit = 1000): Read {
  const found: Read = { events: [], retry: [], tooLarge: 0 };
  const reader = new SseReader(
    {
      onEvent: (event) => void found.events.push(event),
      onRetry: (ms) => void found.retry.push(ms),
      onTooLarge: () => void found.tooLarge++,
    },
    limit,
  );
  for (const piece of pieces) reader.push(piece);
  return found;
}

function expectAsWritten({ events, retry = [] }: Case, pieces: Uint8Array[]): void {
  const written = events.map(({ data, id = '', event = 'message' }) => ({ event, data, id }));
  expect([pieces.length, read(pieces)]).toEqual([pieces.length, { events: written, retry, tooLarge: 0 }]);
}

const bytes = (text: string) => Buffer.from(text, 'utf8');

describe('An event stream', () => {
  it('has at least 60 cases', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
  });

  it.each(cases)('is read whole, byte by byte and cut anywhere: $name', (one) => {
    const input = one.hex === undefined ? bytes(one.input ?? '') : Buffer.from(one.hex, 'hex');
    expectAsWritten(one, [input]);
    expectAsWritten(
      one,
      [...input].map((byte) => Uint8Array.of(byte)),
    );
    for (let at = 0; at <= input.length; at += 1) expectAsWritten(one, [input.subarray(0, at), input.subarray(at)]);
  });

  it('holds no more than its limit of a line without an end, says so once, and reads nothing after it', () => {
    const endless = [bytes('data: '), ...Array.from({ length: 50 }, () => bytes('x'.repeat(100))), bytes('\n\ndata: b\n\n')];
    expect(read(endless)).toEqual({ events: [], retry: [], tooLarge: 1 });
  });

  it('holds no more than its limit of many lines of data', () => {
    const lines = Array.from({ length: 50 }, () => bytes(`data: ${'x'.repeat(99)}\n`));
    expect(read([...lines, bytes('\ndata: b\n\n')])).toEqual({ events: [], retry: [], tooLarge: 1 });
  });

  it('has no limit of its own: events that are whole are not held', () => {
    const many = Array.from({ length: 100 }, (_, n) => bytes(`data: ${n}${'x'.repeat(100)}\n\n`));
    expect(read(many).events).toHaveLength(100);
  });
});
