import { describe, expect, it } from '@jest/globals';
import { checkTargeting } from './targeting.js';

const VARIANTS = { on: true, off: false };

/** `path message` of every mistake. */
function check(targeting: unknown): string[] {
  return checkTargeting(targeting, VARIANTS, 'boolean', 'targeting').map(({ path, message }) => `${path} ${message}`);
}

const email = { var: 'email' };

describe('targeting that flagd evaluates', () => {
  it.each<[string, unknown]>([
    ['none', {}],
    ['a rule with an else', { if: [{ ends_with: [email, '@example.com'] }, 'on', 'off'] }],
    ['a rule without an else', { if: [{ starts_with: [email, 'admin'] }, 'on'] }],
    ['a null result, which is the default variant', { if: [{ in: [email, ['a@example.com', 'b@example.com']] }, 'on', null] }],
    ['else-if', { if: [{ '==': [email, 'a'] }, 'on', { '===': [email, 'b'] }, 'off', null] }],
    ['a nested rule', { if: [{ '!=': [email, 'a'] }, { if: [{ '!==': [email, 'b'] }, 'on', 'off'] }, 'off'] }],
    ['a version', { if: [{ sem_ver: [{ var: 'app.version' }, '>=', '2.0.0-rc.1+build.7'] }, 'on', 'off'] }],
    ['two attributes as versions', { if: [{ sem_ver: [{ var: 'a' }, '~', { var: 'b' }] }, 'on', 'off'] }],
    ['buckets', { fractional: [['on', 10], ['off', 90]] }], // prettier-ignore
    ['buckets by an attribute', { fractional: [email, ['on', 10], ['off', 90]] }],
    ['buckets by an expression', { fractional: [{ cat: [{ var: '$flagd.flagKey' }, email] }, ['on', 1], ['off', 0]] }],
    ['buckets without weights', { fractional: [['on'], ['off']] }],
    ['one bucket', { fractional: [['on', 1]] }],
    [
      'a weight that grows with time',
      {
        fractional: [
          ['on', { '-': [{ var: '$flagd.timestamp' }, 1_740_000_000] }],
          ['off', 5],
        ],
      },
    ],
    ['a bucket of buckets', { fractional: [[{ fractional: [['on', 1], ['off', 1]] }, 1], ['off', 1]] }], // prettier-ignore
    ['a bucket that is the default', { fractional: [['on', 1], [null, 1]] }], // prettier-ignore
    [
      'buckets behind a rule',
      {
        if: [
          { in: ['@example.com', email] },
          {
            fractional: [
              ['on', 50],
              ['off', 50],
            ],
          },
          'off',
        ],
      },
    ],
    ['buckets of other names in a condition', { if: [{ in: [{ fractional: [['red'], ['blue']] }, ['red']] }, 'on', 'off'] }],
    ['and, or, not', { if: [{ and: [{ or: [{ '!': [email] }, { '!!': email }] }, { '!': { var: 'a' } }] }, 'on', 'off'] }],
    ['between', { if: [{ '<=': [1, { var: 'age' }, 99] }, 'on', 'off'] }],
    [
      'arithmetic',
      { if: [{ '>': [{ '%': [{ '+': [{ var: 'a' }, 2, { '*': [3, 4] }, { '/': [8, 2] }] }, 7] }, 3] }, 'on', 'off'] },
    ],
    [
      'lists',
      {
        if: [
          { some: [{ filter: [{ map: [{ var: 'list' }, { max: [{ var: '' }, 1] }] }, true] }, { '>=': [{ var: '' }, 2] }] },
          'on',
        ],
      },
    ],
    [
      'reduce',
      { if: [{ '<': [{ reduce: [{ var: 'l' }, { '+': [{ var: 'current' }, { var: 'accumulator' }] }, 0] }, 9] }, 'on'] },
    ],
    [
      'missing attributes',
      { if: [{ merge: [{ missing: ['email', 'plan'] }, { missing_some: [1, ['a', 'b.c']] }] }, 'on', 'off'] },
    ],
    ['text', { if: [{ in: [{ substr: [{ cat: [email, 'x'] }, -3, 2] }, ['ab', 'cd']] }, 'on', 'off'] }],
    [
      'an attribute with a default, one by index and the whole context',
      { if: [{ '==': [{ var: ['a', null] }, { var: 1 }] }, 'on', { var: ['x', 'off'] }] },
    ],
    ['a computed result', { cat: ['o', { var: 'suffix' }] }],
    ['an attribute as the result', { var: 'variant' }],
    ['names of prototypes as text to compare with', { if: [{ in: [email, ['constructor', '__proto__']] }, 'on', 'off'] }],
  ])('may be %s', (_, targeting) => {
    expect(check(targeting)).toEqual([]);
  });
});

describe('targeting as a whole', () => {
  it.each([[null], [undefined], ['on'], [true], [7], [[]], [[{ var: 'a' }]], [new Date(0)]])(
    'is an object, not %p',
    (targeting) => {
      expect(check(targeting)).toEqual([expect.stringContaining('targeting must be an object')]);
    },
  );

  it('may be 64 KiB of JSON and not one byte more', () => {
    const sized = (bytes: number): unknown => ({ if: [{ in: [email, 'x'.repeat(bytes - 47)] }, 'on', 'off'] });
    expect(JSON.stringify(sized(65_536)).length).toBe(65_536);
    expect(check(sized(65_536))).toEqual([]);
    expect(check(sized(65_537))).toEqual(['targeting is 65537 bytes of JSON: at most 65536 (64 KiB) are allowed']);
  });

  it('may be 32 levels deep and not 33', () => {
    const nested = (levels: number): unknown => (levels === 1 ? { var: 'a' } : { '!': nested(levels - 1) });
    expect(check(nested(32))).toEqual([]);
    expect(check(nested(33))).toEqual([
      `targeting${'.!'.repeat(32)} is nested too deep: at most 32 objects and lists may stand inside each other`,
    ]);
  });

  it.each([
    ['{"!":', '1', '}'],
    ['{"if":[', '1', ']}'],
    ['{"fractional":[[', '"on"', ']]}'],
    ['{"x":', '{}', '}'],
  ])('may be 100,000 times %s…: it is refused, nothing overflows', (open, core, close) => {
    const targeting: unknown = JSON.parse(open.repeat(100_000) + core + close.repeat(100_000));
    expect(check(targeting)).toEqual([expect.stringContaining('is nested too deep')]);
  });

  it('is checked in a moment also where it is full of alternatives', () => {
    const nested = (levels: number): unknown =>
      levels === 0
        ? 'on'
        : {
            fractional: [
              [nested(levels - 1), 1],
              ['nope', 1.5],
            ],
          };
    const wide = { or: Array.from({ length: 500 }, () => nested(3)) };
    const start = performance.now();
    expect(check(nested(10))).toHaveLength(20);
    expect(check(wide)).toHaveLength(51);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('a forbidden key', () => {
  it.each(['__proto__', 'constructor', 'prototype'])('%s is refused anywhere, once', (key) => {
    const targeting: unknown = JSON.parse(`{"if": [{"in": ["a", [{"${key}": {"a": 1}}]]}, "on", "off"]}`);
    expect(check(targeting)).toEqual([
      `targeting.if[0].in[1][0].${key} the key "${key}" is not allowed anywhere: choose another name`,
    ]);
  });

  it('does not hide the mistakes beside it', () => {
    const targeting: unknown = JSON.parse('{"if": [{"==": [1]}, "on", "nope"], "__proto__": {"x": 1}}');
    expect(check(targeting).map((line) => line.split(' ')[0])).toEqual([
      'targeting.__proto__',
      'targeting.if[0].==',
      'targeting.if[2]',
    ]);
  });
});

describe('all mistakes', () => {
  it('come at once, by path, each once', () => {
    const targeting = {
      if: [
        { foo: 1 },
        'nope',
        { '==': [{ var: 'constructor' }] },
        7,
        {
          fractional: [
            ['nope', -1],
            ['on', 1],
          ],
        },
      ],
    };
    expect(check(targeting).map((line) => line.split(' ')[0])).toEqual([
      'targeting.if[0].foo',
      'targeting.if[1]',
      'targeting.if[2].==',
      'targeting.if[2].==[0].var',
      'targeting.if[3]',
      'targeting.if[4].fractional[0][0]',
      'targeting.if[4].fractional[0][1]',
    ]);
  });

  it('are fifty at most, and the last line counts the others', () => {
    const mistakes = check({ or: Array.from({ length: 80 }, () => ({ foo: 1 })) });
    expect(mistakes).toHaveLength(51);
    expect(mistakes.at(-1)).toBe('targeting has 30 more mistakes than are listed here: correct these first');
  });

  it('name the place that the request knows', () => {
    const [mistake] = checkTargeting({ if: [true, 'nope'] }, VARIANTS, 'boolean', 'changes[3].targeting');
    expect(mistake?.path).toBe('changes[3].targeting.if[1]');
  });
});
