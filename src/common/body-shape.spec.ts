import { describe, expect, it } from '@jest/globals';
import { BodyShape } from './body-shape.js';

const excess = (json: string, most = 6) => new BodyShape(most).add(Buffer.from(json));
/** The same, one byte after the other. */
const slowExcess = (json: string, most = 6) => {
  const shape = new BodyShape(most);
  const found = [...Buffer.from(json)].map((byte) => shape.add(Uint8Array.of(byte)));
  return found.find((each) => each !== null) ?? null;
};
const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('A body', () => {
  it('has as many fields, objects and lists as it may have, all together', () => {
    expect(excess('{"a":{"b":1},"c":[1, 2, 3, true, "d", null]}')).toBeNull();
    for (const one of ['{}', '[]']) {
      expect(excess(`{"a":{"b":1},"c":[${one}]}`)).toBe('more than 6 fields, objects and lists');
    }
    expect(excess('{"a":{"b":1},"c":[],"d":1}')).toBe('more than 6 fields, objects and lists');
  });

  it('is as deep as it may be, in objects and lists', () => {
    expect(excess(lists(200), 1000)).toBeNull();
    expect(excess(lists(201), 1000)).toBe('more than 200 objects and lists inside each other');
    expect(excess(`${'{"a":['.repeat(101)}1${']}'.repeat(101)}`, 1000)).toMatch(/^more than 200 objects/);
    expect(excess(`[${[lists(150), lists(150)].join(',')}]`, 1000)).toBeNull();
  });

  it('may have whatever it likes in its texts, also quotes and backslashes', () => {
    const text = JSON.stringify({ a: `${'[{:'.repeat(300)}\\"\\\\` });
    expect(excess(text)).toBeNull();
    expect(excess(`${text.slice(0, -1)},"é":":","b":"\\\\","c":1}`, 5)).toBeNull();
    expect(excess(`${text.slice(0, -1)},"é":":","b":"\\\\","c":1,"d":1}`, 5)).toBe('more than 5 fields, objects and lists');
  });

  it('has as many members in one object or list as it may have', () => {
    const list = (count: number) => `[${'1,'.repeat(count - 1)}1]`;
    expect(excess(`[${list(50_000)},${list(50_000)},{"a":${list(50_000)}}]`)).toBeNull();
    expect(excess(list(50_001))).toBe('more than 50000 members in one object or list');
    const fields = Array.from({ length: 50_001 }, () => '"a":1').join(',');
    expect(excess(`[[1,2],{${fields}}]`, 200_000)).toBe('more than 50000 members in one object or list');
  });

  it('has as many members in all its objects and lists as it may have', () => {
    const lists = (rest: number) => `[${`[${'1,'.repeat(49_999)}1],`.repeat(19)}[${'1,'.repeat(rest)}1]]`;
    // 19 lists of 50,000, the commas between them, and the rest.
    expect(excess(lists(49_999), 100)).toBeNull();
    expect(excess(`[${lists(49_999)},${lists(9)}]`, 100)).toBe('more than 1000000 members in objects and lists');
  });

  it('is seen as the same however it is cut', () => {
    const tricky = JSON.stringify({ 'a"\\': ['"', { b: '{[:,"' }], c: { d: [] } });
    for (const most of [8, 9]) expect(slowExcess(tricky, most)).toBe(excess(tricky, most));
    expect(excess(tricky, 9)).toBeNull();
    expect(excess(tricky, 8)).not.toBeNull();
  });

  it('that is not JSON is left to the parser', () => {
    for (const json of ['', '"', '\\', ']]]', '{"a', '"\\']) expect(excess(json)).toBeNull();
  });
});
