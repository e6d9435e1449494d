import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonStream } from './json-stream.js';

/** @param size of a piece, in bytes. */
function parse(json: string, size: number): unknown {
  const bytes = Buffer.from(json);
  const stream = new JsonStream();
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  return stream.end();
}
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  'u',
  'd83d',
  '-',
  '0',
  '.',
  'e',
  '1',
  'null',
  'true',
  '\n',
  '\u0001',
  'é',
  '__proto__',
];

/** As text; undefined is a SyntaxError. */
function outcome(parsed: () => unknown): string | undefined {
  try {
    return JSON.stringify(parsed());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const expectSame = (json: string, size: number) => {
  expect(outcome(() => parse(json, size))).toBe(outcome(() => JSON.parse(json)));
};

describe('JSON in pieces', () => {
  it('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 1, max: 20 }), (json, size) => {
        expectSame(json, size);
      }),
      { numRuns: 2000 },
    );
  });

  it('that is none is refused as JSON.parse refuses it', () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((all) => all.join(''));
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 20 }), (json, size) => {
        expectSame(json, size);
      }),
      { numRuns: 10_000 },
    );
  });

  it('keeps U+FEFF in a text, where it is no byte order mark', () => {
    const json = JSON.stringify([
      '\ufeff',
      '\ufeffa',
      'a\ufeff',
      `${'a'.repeat(40)}\ufeff${'é'.repeat(40)}\ufeff`,
      { '\ufeffb': 1 },
    ]);
    for (let size = 1; size <= Buffer.byteLength(json); size += 1) expectSame(json, size);
    expect(parse(`\ufeff${json}`, 3)).toEqual(JSON.parse(json));
  });

  it('is read as JSON.parse reads it wherever it is cut', () => {
    const json = String.raw`[{"é😀\ud83d\ude00\ud800\u0000\"\\":[-0.5e-7,-0,12345678901234567890,true,null,"",{"__proto__":{"a":[]}}],"x":"\n"} ]`;
    for (let size = 1; size <= Buffer.byteLength(json); size += 1) expectSame(json, size);
    expect(outcome(() => JSON.parse(json))).toBeDefined();
  });

  it('keeps a field that is called __proto__, as a field', () => {
    const parsed = parse('{"__proto__": {"polluted": true}}', 5) as object;
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });

  it('says what is wrong at a length that a log can take', () => {
    expect(() => parse(`[1${JSON.stringify('x'.repeat(200_000))}]`, 1000)).toThrow(/^.{20,200}$/);
  });
});
