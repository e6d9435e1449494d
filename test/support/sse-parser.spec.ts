import { describe, expect, it } from '@jest/globals';
import { SseParser, type SseBlock } from './sse-parser.js';

function parse(...chunks: (string | Buffer)[]): SseBlock[] {
  const blocks: SseBlock[] = [];
  const parser = new SseParser((block) => blocks.push(block));
  for (const chunk of chunks) parser.push(Buffer.from(chunk));
  return blocks;
}

function inEverySplit(text: string): SseBlock[][] {
  const bytes = Buffer.from(text);
  return Array.from(bytes, (_byte, at) => parse(bytes.subarray(0, at), bytes.subarray(at)));
}

describe('SseParser', () => {
  it('reads id, data, event, retry and comments', () => {
    const [block] = parse('id: 7\nevent: tick\nretry: 1500\n: ping\ndata: {"a":1}\n\n');
    const fields = [['id', '7'], ['event', 'tick'], ['retry', '1500'], ['data', '{"a":1}']]; // prettier-ignore
    const read = { id: '7', lastEventId: '7', event: 'tick', retry: 1500, comments: [' ping'], data: '{"a":1}' };
    expect(block).toEqual({ ...read, fields });
  });

  it.each(['\n', '\r', '\r\n'])('reads lines that end in %j, split anywhere', (end) => {
    const text = ['id: ä', 'data: one', 'data: two', '', 'data: three', '', ''].join(end);
    for (const blocks of inEverySplit(text)) {
      expect(blocks.map((block) => [block.lastEventId, block.data])).toEqual([
        ['ä', 'one\ntwo'],
        ['ä', 'three'],
      ]);
    }
  });

  it('takes one space after the colon away, and no more', () => {
    expect(parse('data:  a\n\ndata:b\n\n').map((block) => block.data)).toEqual([' a', 'b']);
  });

  it('keeps the last event id until another comes, and resets it by an empty one', () => {
    const blocks = parse('id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n');
    expect(blocks.map((block) => [block.id, block.lastEventId])).toEqual([
      ['1', '1'],
      [undefined, '1'],
      ['', ''],
    ]);
  });

  it('ignores an id with a NUL and a retry that is not digits', () => {
    const [block] = parse('id: a\0b\nretry: 1e3\nretry: -1\ndata: x\n\n');
    expect([block?.id, block?.retry]).toEqual([undefined, undefined]);
  });

  it('gives blocks without data as such: they set the id but dispatch nothing', () => {
    expect(parse('id: 5\nretry: 2000\n\ndata\n\n').map((block) => [block.lastEventId, block.data])).toEqual([
      ['5', null],
      ['5', ''],
    ]);
  });

  it('ignores blank lines between blocks, a leading byte order mark and unknown fields', () => {
    const blocks = parse('\uFEFF\n\n\ndata: a\nfoo: bar\n\n\n');
    expect(blocks.map((block) => [block.data, block.fields.length])).toEqual([['a', 2]]);
  });

  it('never gives a block that the end of the stream cuts off', () => {
    expect(parse('data: a\n\ndata: b\n')).toHaveLength(1);
  });
});
