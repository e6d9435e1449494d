import { describe, expect, it } from '@jest/globals';
import { bodyExcess } from './body-shape.js';

const excess = (json: string, most = 6) => bodyExcess(Buffer.from(json), most);
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

  it('that is not JSON is left to the parser', () => {
    for (const json of ['', '"', '\\', ']]]', '{"a', '"\\']) expect(excess(json)).toBeNull();
  });
});
