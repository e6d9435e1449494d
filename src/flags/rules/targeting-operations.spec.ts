import { describe, expect, it } from '@jest/globals';
import { checkTargeting } from './targeting.js';

const VARIANTS = { on: true, off: false };

/** `path message` of every mistake. */
function check(targeting: unknown): string[] {
  return checkTargeting(targeting, VARIANTS, 'boolean', 'targeting').map(({ path, message }) => `${path} ${message}`);
}
/** The same of something that stands as the condition of a rule. */
function checkCondition(condition: unknown): string[] {
  return check({ if: [condition, 'on', 'off'] });
}

const email = { var: 'email' };

describe('an operator', () => {
  it('that flagd does not have is one mistake, not dozens, and names the operators there are', () => {
    expect(check({ foo: [1, { bar: 2 }] })).toEqual([
      expect.stringMatching(/^targeting\.foo unknown operator "foo": use one of .*sem_ver/),
    ]);
    expect(checkCondition({ and: [true, { foo: [1] }] })).toEqual([
      expect.stringContaining('targeting.if[0].and[1].foo unknown operator "foo"'),
    ]);
  });

  it.each([
    ['?:', 'if'],
    ['fractionalEvaluation', 'fractional'],
    ['semVer', 'sem_ver'],
    ['startsWith', 'starts_with'],
    ['IF', 'if'],
    ['&&', 'and'],
    ['not', '!'],
  ])('%s is answered with the right name, %s', (name, meant) => {
    expect(checkCondition({ [name]: [1, 2, 3] })).toEqual([
      `targeting.if[0].${name} unknown operator "${name}": write "${meant}"`,
    ]);
  });

  it.each([
    'val',
    'exists',
    'get',
    'preserve',
    'throw',
    'try',
    'keys',
    'length',
    '??',
    'log',
    'method',
    '$schema',
    '$evaluators',
    'toString',
  ])('%s is unknown to flagd, whatever an engine makes of it', (name) => {
    expect(checkCondition({ [name]: ['a'] })).toEqual([expect.stringContaining(`unknown operator "${name}"`)]);
  });

  it.each([
    ['a list to search', { in: ['a', [{ foo: 1 }]] }, 'targeting.if[0].in[1][0].foo'],
    ['the list of a negation', { '!': [{ foo: 1 }] }, 'targeting.if[0].![0].foo'],
    ['the default of an attribute', { '==': [{ var: ['a', { foo: 1 }] }, 1] }, 'targeting.if[0].==[0].var[1].foo'],
    [
      'a bucketing expression',
      { '==': [{ fractional: [{ foo: 1 }, ['a', 1]] }, 'a'] },
      'targeting.if[0].==[0].fractional[0].foo',
    ],
    ['a weight', { '==': [{ fractional: [['a', { foo: 1 }]] }, 'a'] }, 'targeting.if[0].==[0].fractional[0][1].foo'],
    ['a text comparison', { ends_with: [{ foo: 1 }, 'a'] }, 'targeting.if[0].ends_with[0].foo'],
  ])('is found in %s, also where the schema of flagd does not look', (_, condition, place) => {
    expect(checkCondition(condition)).toEqual([expect.stringContaining(`${place} unknown operator "foo"`)]);
  });

  it('stands alone in its object', () => {
    expect(check({ '<': [1, 2], substr: ['a', 1] })).toEqual([
      'targeting has 2 keys ("<", "substr"): an operation is an object with one operator',
    ]);
    expect(checkCondition({ in: ['a', [{ a: 1, b: 2 }]] })).toEqual([
      expect.stringContaining('targeting.if[0].in[1][0] has 2 keys'),
    ]);
  });

  it('is there: an empty object is no operation', () => {
    expect(checkCondition({})).toEqual([expect.stringContaining('targeting.if[0] is an empty object')]);
    expect(checkCondition({ starts_with: [{}, 'a'] })).toEqual([
      expect.stringContaining('targeting.if[0].starts_with[0] is an empty object'),
    ]);
  });
});

describe('the number of arguments', () => {
  it.each([
    [{ '==': [1] }, '"==" takes exactly 2 arguments, here are 1'],
    [{ in: [1, 2, 3] }, '"in" takes exactly 2 arguments, here are 3'],
    [{ '<': [1, 2, 3, 4] }, '"<" takes 2 to 3 arguments, here are 4'],
    [{ substr: ['a'] }, '"substr" takes 2 to 3 arguments, here are 1'],
    [{ '*': [1] }, '"*" takes at least 2 arguments, here are 1'],
    [{ or: [] }, '"or" takes at least 1 argument, here are 0'],
    [{ if: [] }, '"if" takes at least 1 argument, here are 0'],
    [{ reduce: [[], 1] }, '"reduce" takes exactly 3 arguments, here are 2'],
    [{ sem_ver: ['1.0.0', '='] }, '"sem_ver" takes exactly 3 arguments, here are 2'],
    [{ starts_with: ['a'] }, '"starts_with" takes exactly 2 arguments, here are 1'],
    [{ missing_some: [1] }, '"missing_some" takes exactly 2 arguments, here are 1'],
    [{ '!': [1, 2] }, '"!" takes exactly 1 argument, here are 2'],
    [{ fractional: [] }, '"fractional" takes at least 1 argument, here are 0'],
  ])('is right: %j', (condition, message) => {
    expect(checkCondition(condition)).toEqual([`targeting.if[0].${Object.keys(condition)[0]} ${message}`]);
  });

  it.each(['if', '==', 'or', 'cat', 'fractional', 'missing', 'sem_ver', 'starts_with'])('of %s is counted in a list', (name) => {
    expect(checkCondition({ [name]: 'x' })).toEqual([
      `targeting.if[0].${name} "${name}" takes its arguments as a list, as in {"${name}": [ ... ]}`,
    ]);
  });
});

describe('an attribute', () => {
  const reserved = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

  it.each(reserved)('is never called %s', (name) => {
    for (const path of [name, `user.${name}`, `${name}.name`, `a.${name}.b`, `../${name}`, `a\\.${name}`]) {
      expect(checkCondition({ '==': [{ var: path }, 'x'] })).toEqual([
        expect.stringContaining(`targeting.if[0].==[0].var reads "${name}"`),
      ]);
    }
  });

  it.each([
    [{ var: ['constructor.name', 'x'] }, 'var[0]'],
    [{ missing: ['a', '__proto__.a'] }, 'missing[1]'],
    [{ missing_some: [1, ['a', 'b', 'valueOf']] }, 'missing_some[1][2]'],
  ])('is never reached through a prototype: %j', (condition, place) => {
    expect(checkCondition(condition)).toEqual([expect.stringContaining(`targeting.if[0].${place} reads`)]);
  });

  it.each([
    [{ var: { cat: ['const', 'ructor'] } }, 'var'],
    [{ var: [{ cat: ['const', 'ructor'] }] }, 'var[0]'],
    [{ var: [['constructor']] }, 'var[0]'],
    [{ var: true }, 'var'],
  ])('is named literally: %j could be any name', (condition, place) => {
    expect(checkCondition(condition)).toEqual([
      expect.stringContaining(`targeting.if[0].${place} must be the path of an attribute`),
    ]);
  });

  it('of $flagd is one of the two that flagd adds', () => {
    expect(checkCondition({ var: '$flagd.flagkey' })).toEqual([
      'targeting.if[0].var "$flagd.flagkey" does not exist: flagd adds only "$flagd.timestamp" and "$flagd.flagKey"',
    ]);
  });

  it('may contain such a name as a part of a word', () => {
    expect(checkCondition({ '==': [{ var: 'constructors.prototype_id' }, 1] })).toEqual([]);
  });
});

describe('the arguments of operators of flagd', () => {
  it.each<[unknown, string]>([
    [{ sem_ver: [{ var: 'v' }, '=>', '1.0.0'] }, 'sem_ver[1] must be one of "=", "!="'],
    [{ sem_ver: [{ var: 'v' }, '>', '1.0'] }, 'sem_ver[2] must be a semantic version'],
    [{ sem_ver: [{ cat: ['1', '.0.0'] }, '>', '1.0.0'] }, 'sem_ver[0] must be a semantic version'],
    [{ sem_ver: [1, '>', '1.0.0'] }, 'sem_ver[0] must be a semantic version'],
    [{ starts_with: [{ var: 'v' }, 1] }, 'starts_with[1] must be a string'],
    [{ ends_with: [['a'], 'b'] }, 'ends_with[0] must be a string'],
    [{ missing: ['a', 1] }, 'missing[1] must be the path'],
    [{ missing_some: ['1', ['a']] }, 'missing_some[0] must be a number'],
    [{ missing_some: [1, 'a'] }, 'missing_some[1] must be a list'],
  ])('are what flagd takes: %j', (condition, message) => {
    expect(checkCondition(condition)).toEqual([expect.stringContaining(`targeting.if[0].${message}`)]);
  });

  it.each<[unknown, string]>([
    [
      [
        ['on', -1],
        ['off', 1],
      ],
      '[0][1] must be a weight',
    ],
    [
      [
        ['on', 1.5],
        ['off', 1],
      ],
      '[0][1] must be a weight',
    ],
    [[['on', '50']], '[0][1] must be a weight'],
    [[['on', null]], '[0][1] must be a weight'],
    [['email', ['on', 1]], '[0] must be a bucket'],
    [[['on', 1], 'off'], '[1] must be a bucket'],
    [[['on', 1], { var: 'a' }], '[1] must be a bucket'],
    [[['on', 1, 2]], '[0] has 3 items'],
    [[['on', 1], []], '[1] has 0 items'],
    [[email], ' has no buckets'],
    [
      [
        ['on', 2_147_483_647],
        ['off', 1],
      ],
      ' has weights that add up to 2147483648',
    ],
  ])('are buckets: %j', (buckets, message) => {
    expect(check({ fractional: buckets })).toEqual([expect.stringContaining(`targeting.fractional${message}`)]);
  });
});

describe('a reference to a shared evaluator', () => {
  it.each<[unknown, string]>([
    [{ $ref: 'isEmployee' }, 'targeting.$ref'],
    [{ if: [{ $ref: 'isEmployee' }, 'on', 'off'] }, 'targeting.if[0].$ref'],
    [{ if: [true, { $ref: 'isEmployee' }] }, 'targeting.if[1].$ref'],
    [{ fractional: [[{ $ref: 'isEmployee' }, 1]] }, 'targeting.fractional[0][0].$ref'],
    [{ if: [{ in: [1, [{ $ref: 'isEmployee' }]] }, 'on'] }, 'targeting.if[0].in[1][0].$ref'],
    [{ if: [{ ends_with: [{ $ref: 'isEmployee' }, 'a'] }, 'on'] }, 'targeting.if[0].ends_with[0].$ref'],
  ])('does not exist: %j', (targeting, place) => {
    expect(check(targeting)).toEqual([
      `${place} the evaluator "isEmployee" does not exist: there are no shared evaluators here, so write the rule itself in place of the "$ref"`,
    ]);
  });

  it('is refused whatever it refers to and whatever stands beside it', () => {
    expect(checkCondition({ $ref: { a: 1 } })).toHaveLength(1);
    expect(checkCondition({ $ref: 'a', if: [true] })).toHaveLength(1);
  });
});
