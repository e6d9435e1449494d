import { describe, expect, it } from '@jest/globals';
import { at, MistakeList, quote, quoteAll } from './mistake.js';

describe('a path', () => {
  it('joins keys with dots and indexes with brackets', () => {
    expect(at(at(at('targeting', 'if'), 1), '==')).toBe('targeting.if[1].==');
  });

  it('begins with the key where it starts at the whole body', () => {
    expect(at('', 'variants')).toBe('variants');
  });

  it.each(['a.b', 'a b', 'a[0]', '', 'a"b', 'line\nbreak', 'zero\u200bwidth'])(
    'puts quotes around a key that would read as something else: %j',
    (key) => {
      expect(at('variants', key)).toMatch(/^variants\[".*"\]$/);
    },
  );

  it('shortens a key of a megabyte', () => {
    expect(at('variants', 'x'.repeat(1_000_000)).length).toBeLessThan(100);
  });
});

describe('a quoted name', () => {
  it('shows what is invisible or would break a line', () => {
    expect(quote('a\nb\u202ec\u2028')).toBe('"a\\nb\\u202ec\\u2028"');
  });

  it('does not break on half a character', () => {
    expect(quote(`${'x'.repeat(62)}😀😀`)).toContain('\\ud83d');
  });

  it('lists the first ten names and counts the others', () => {
    const names = Array.from({ length: 12 }, (_, index) => `v${index}`);
    expect(quoteAll(names)).toMatch(/^"v0", .*"v9" and 2 more$/);
  });
});

describe('a list of mistakes', () => {
  it('has each mistake once, by path', () => {
    const list = new MistakeList();
    list.add('b', 'is wrong');
    list.add('a', 'is wrong');
    list.add('b', 'is wrong');
    list.add('b', 'is late');
    expect(list.sorted('').map(({ path, message }) => `${path} ${message}`)).toEqual(['a is wrong', 'b is late', 'b is wrong']);
  });

  it('stops at fifty and says in a last one how many more there are', () => {
    const list = new MistakeList();
    for (let index = 0; index < 73; index += 1) list.add(`a[${index}]`, 'is wrong');
    const mistakes = list.sorted('a');
    expect(mistakes).toHaveLength(51);
    expect(mistakes.at(-1)).toEqual({ path: 'a', message: 'has 23 more mistakes than are listed here: correct these first' });
  });
});
