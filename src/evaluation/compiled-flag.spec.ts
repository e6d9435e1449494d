import { describe, expect, it } from '@jest/globals';
import { type FlagDefinition, type JsonObject } from '@flagwire/protocol/sync';
import { aFlag } from '../changes/change-feed.fake.js';
import { CompiledFlag } from './compiled-flag.js';
import { readContext } from './context.js';
import { type Outcome } from './outcome.js';

const split = {
  fractional: [
    ['on', 50],
    ['off', 50],
  ],
};

function flag(targeting: JsonObject, more: Partial<FlagDefinition> = {}): CompiledFlag {
  return new CompiledFlag(aFlag('f', 1, { targeting, ...more }));
}

/** In one word: `TARGETING_MATCH on`, `DISABLED`, `GENERAL`. */
function said(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'variant':
      return `${outcome.reason} ${outcome.variant}`;
    case 'code_default':
      return outcome.reason;
    case 'failure':
      return outcome.errorCode;
  }
}

const ask = (compiled: CompiledFlag, context: object = {}) => said(compiled.evaluate(readContext({ context })).outcome);

describe('a flag', () => {
  it('without a rule is its default: STATIC, or no value at all where it has none', () => {
    expect(ask(flag({}))).toBe('STATIC off');
    expect(ask(flag({}, { default_variant: null }))).toBe('DEFAULT');
    expect(ask(flag({}, { status: 'deprecated' }))).toBe('STATIC off');
  });

  it('that is disabled has no value, whatever its rule is', () => {
    expect(ask(flag({ if: [true, 'on', 'off'] }, { status: 'disabled' }))).toBe('DISABLED');
    expect(ask(flag(split, { status: 'disabled' }))).toBe('DISABLED');
  });

  it('with a rule says whether that decided', () => {
    const forAdmins = { if: [{ '==': [{ var: 'role' }, 'admin'] }, 'on', null] };
    expect(ask(flag(forAdmins), { role: 'admin' })).toBe('TARGETING_MATCH on');
    expect(ask(flag(forAdmins), { role: 'guest' })).toBe('DEFAULT off');
    expect(ask(flag(forAdmins, { default_variant: null }), { role: 'guest' })).toBe('DEFAULT');
  });

  it('says the same object to all to whom it says the same', () => {
    const compiled = flag({ if: [{ '==': [{ var: 'role' }, 'admin'] }, 'on', 'off'] });
    const [one, two] = ['a', 'b'].map((targetingKey) => compiled.evaluate({ role: 'admin', targetingKey }));
    expect(one).toBe(two);
  });
});

describe('a split', () => {
  it('by the targeting key asks for one, wherever it stands in the rule', () => {
    expect(ask(flag(split))).toBe('TARGETING_KEY_MISSING');
    expect(ask(flag(split), { targetingKey: '' })).toBe('TARGETING_KEY_MISSING');
    expect(ask(flag({ if: [false, split, 'on'] }))).toBe('TARGETING_KEY_MISSING');
    expect(ask(flag({ if: [{ in: ['x', [split]] }, 'on', 'off'] }))).toBe('TARGETING_KEY_MISSING');
    expect(ask(flag(split), { targetingKey: 'somebody' })).toMatch(/^TARGETING_MATCH (on|off)$/);
  });

  it('by a value of its own asks for none', () => {
    const byEmail = { fractional: [{ var: 'email' }, ['on', 100]] };
    expect(ask(flag(byEmail), { email: 'a@example.com' })).toBe('TARGETING_MATCH on');
    // As flagd has it: then the targeting key would be taken, and there is none.
    expect(ask(flag(byEmail))).toBe('DEFAULT off');
  });
});

describe('a rule', () => {
  it.each([
    ['divides by zero', { if: [{ '>': [{ '/': [1, { var: 'zero' }] }, 1] }, 'on', 'off'] }],
    ['names no variant', { cat: ['no', 'ne'] }],
    ['gives the name of what every object has', { cat: ['to', 'String'] }],
  ])('that %s fails alone, and throws nothing', (_, targeting) => {
    expect(ask(flag(targeting), { zero: 0 })).toBe('GENERAL');
  });

  it.each([
    ['var', { var: 'constructor.name' }],
    ['var inside', { if: [{ '==': [{ var: ['user.__proto__', ''] }, 'x'] }, 'on', 'off'] }],
    ['missing', { if: [{ missing: ['toString'] }, 'on', 'off'] }],
    ['missing_some', { if: [{ missing_some: [1, ['valueOf', 'a']] }, 'on', 'off'] }],
    ['a computed path', { var: { cat: ['constr', 'uctor'] } }],
    ['another operator of the library', { val: ['constructor', 'name'] }],
    ['an operator that nobody has', { '==': [{ teleport: [1] }, 1] }],
  ])('that reaches for a prototype or is none is refused whole: %s', (_, targeting) => {
    expect(ask(flag(targeting, { value_type: 'string', variants: { Object: 'gotcha', on: 'a', off: 'b' } }))).toBe('PARSE_ERROR');
  });

  const isText = (path: string) => ({ if: [{ '==': [{ var: path }, 'trim'] }, 'on', 'off'] });
  const inList = { some: [{ var: 'tags' }, { '==': [{ var: 'trim.name' }, 'trim'] }] };
  it.each<[string, JsonObject, object, string]>([
    ['behind a text', isText('email.trim.name'), { email: 'a@b.c' }, 'GENERAL'],
    ['behind a text, further in', isText('user.email.trim.name'), { user: { email: 'a@b.c' } }, 'GENERAL'],
    ['behind a number', isText('age.toFixed.name'), { age: 7 }, 'GENERAL'],
    ['behind a list', isText('tags.map.name'), { tags: [] }, 'GENERAL'],
    ['behind a text, by missing', { if: [{ missing: ['email.trim'] }, 'off', 'on'] }, { email: 'a@b.c' }, 'GENERAL'],
    ['behind a text of a list', { if: [inList, 'on', 'off'] }, { tags: ['a'] }, 'GENERAL'],
    ['that ends at a method: it is nothing', isText('email.trim'), { email: 'a@b.c' }, 'TARGETING_MATCH off'],
    ['that somebody has sent', isText('email.trim.name'), { email: { trim: { name: 'trim' } } }, 'TARGETING_MATCH on'],
    [
      'that somebody has sent in a list',
      { if: [inList, 'on', 'off'] },
      { tags: [{ trim: { name: 'trim' } }] },
      'TARGETING_MATCH on',
    ],
    ['that nobody has sent', isText('email.trim.name'), {}, 'TARGETING_MATCH off'],
    [
      'to the length of a text, which is its own',
      { if: [{ '==': [{ var: 'email.length' }, 5] }, 'on', 'off'] },
      { email: 'a@b.c' },
      'TARGETING_MATCH on',
    ],
  ])('never finds what a prototype lends, by a path %s', (_, targeting, context, expected) => {
    expect(ask(flag(targeting), context)).toBe(expected);
  });

  it('is known to depend on the time where it reads it', () => {
    const reads = (targeting: JsonObject) => flag(targeting).facts.readsTime;
    expect(reads({ if: [{ '>': [{ var: '$flagd.timestamp' }, 1] }, 'on', 'off'] })).toBe(true);
    expect(reads({ if: [{ var: '' }, 'on', 'off'] })).toBe(true);
    expect(reads({ if: [{ '==': [{ var: '$flagd.flagKey' }, 'f'] }, 'on', 'off'] })).toBe(false);
    expect(reads(split)).toBe(false);
  });
});
