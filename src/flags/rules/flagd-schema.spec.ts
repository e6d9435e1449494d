import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { checkTargeting, checkVariants, type Mistake, type ValueType } from './flag-rules.js';
import { flagdFlagsSchema } from './schemas/flagd-flags.schema.js';
import { flagdTargetingSchema } from './schemas/flagd-targeting.schema.js';
import { OPERATORS } from './targeting-operators.js';
import { targetingMistake, variantsMistake } from './flagd-schema.js';

/** A small generator with a seed (mulberry32): a failure can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const LEAVES = [
  'on',
  'off',
  'nope',
  '',
  '1.2.3',
  '$flagd.timestamp',
  '$flagd.x',
  'constructor',
  '>=',
  true,
  false,
  null,
  0,
  1,
  -1,
  0.5,
];
const NAMES = [...OPERATORS.keys(), '$ref', '?:', 'foo'];
const DENSE = ['if', 'fractional', 'var', 'sem_ver', 'starts_with', 'missing_some', '!'];

/** Something near to targeting: often right, often not. */
function somethingLike(random: (below: number) => number, depth: number): unknown {
  const inside = (): unknown => somethingLike(random, depth - 1);
  const list = (): unknown[] => Array.from({ length: random(4) }, inside);
  const kind = depth === 0 ? 0 : random(10);
  if (kind < 3) return LEAVES[random(LEAVES.length)];
  if (kind === 3) return list();
  if (kind === 4) return [LEAVES[random(3)], random(100)];
  const names = random(2) === 0 ? NAMES : DENSE;
  const operation = { [names[random(names.length)] ?? '']: random(6) === 0 ? inside() : list() };
  return random(30) === 0 ? { ...operation, [NAMES[random(NAMES.length)] ?? '']: inside() } : operation;
}

/** The value at a path of a mistake, to see that there is one. */
function hasPlace(document: unknown, path: string): boolean {
  const steps = path.match(/\["(?:[^"\\]|\\.)*"\]|\[\d+\]|[^.[\]]+/g) ?? [];
  let here: unknown = document;
  for (const step of steps) {
    const key = step.startsWith('[') ? String(JSON.parse(step.slice(1, -1))) : step;
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return false;
    here = (here as Record<string, unknown>)[key];
  }
  return true;
}

function samples(count: number): { targeting: unknown; mistakes: Mistake[] }[] {
  return Array.from({ length: count }, (_, seed) => {
    const targeting = somethingLike(randomFrom(seed), 5);
    return { targeting, mistakes: checkTargeting(targeting, { on: true, off: false }, 'boolean', 'targeting') };
  });
}

describe('thousands of documents that look like targeting', () => {
  const all = samples(6_000);
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

  it('are a test at all: some are right, many are wrong', () => {
    const right = all.filter(({ mistakes }) => mistakes.length === 0).length;
    expect(right).toBeGreaterThan(200);
    expect(all.length - right).toBeGreaterThan(1_000);
  });

  it("never pass where flagd's schema refuses them, and are refused by a sentence of our own", () => {
    const refused = all.filter(({ targeting }) => isObject(targeting) && targetingMistake(targeting, 'targeting') !== null);
    expect(refused.length).toBeGreaterThan(500);
    expect(refused.filter(({ mistakes }) => mistakes.length === 0)).toEqual([]);
    const fallbacks = all
      .flatMap(({ mistakes }) => mistakes)
      .filter(({ message }) => message.includes("flagd's targeting schema"));
    expect(fallbacks).toEqual([]);
  });

  it('have mistakes at places that exist in them', () => {
    const lost = all.flatMap(({ targeting, mistakes }) => mistakes.filter(({ path }) => !hasPlace({ targeting }, path)));
    expect(lost).toEqual([]);
  });

  it('have each mistake once and in order', () => {
    for (const { mistakes } of all) {
      const lines = mistakes.slice(0, 50).map(({ path, message }) => `${path}\n${message}`);
      expect(new Set(lines).size).toBe(lines.length);
      const paths = mistakes.slice(0, 50).map(({ path }) => path);
      expect(paths).toEqual([...paths].sort());
    }
  });

  it('are left as they were', () => {
    const targeting = somethingLike(randomFrom(7), 5);
    const before = JSON.stringify(targeting);
    checkTargeting(targeting, { on: true }, 'boolean', 'targeting');
    expect(JSON.stringify(targeting)).toBe(before);
  });
});

describe("flagd's own schema", () => {
  it('is the last word where our sentences would miss something', () => {
    expect(targetingMistake({ if: [true, { '==': [1] }] }, 'targeting')).toEqual({
      path: 'targeting.if[1].==',
      message: "is not valid by flagd's targeting schema: must NOT have fewer than 2 items",
    });
  });

  it('gives the operators and how many arguments they take', () => {
    expect(OPERATORS.size).toBe(37);
    expect(OPERATORS.get('==')).toEqual({ least: 2, most: 2 });
    expect(OPERATORS.get('<')).toEqual({ least: 2, most: 3 });
    expect(OPERATORS.get('or')).toEqual({ least: 1, most: Infinity });
    expect(OPERATORS.get('!')).toEqual({ least: 1, most: 1 });
    expect(OPERATORS.get('sem_ver')).toEqual({ least: 3, most: 3 });
  });

  it.each<[ValueType, Record<string, unknown>, string]>([
    ['boolean', { on: true, off: false }, 'on'],
    ['string', { red: '#f00', 'a b.c': '' }, 'red'],
    ['number', { ten: 10, half: 0.5 }, 'ten'],
    ['object', { full: { a: [1, { b: null }] }, empty: {} }, 'full'],
  ])('takes a %s flag that these rules take, renamed and nothing else', (valueType, variants, name) => {
    const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, name, { fractional: [[name, 1], [null, 1]] }] }; // prettier-ignore
    expect([...checkVariants(valueType, variants), ...checkTargeting(targeting, variants, valueType, 'targeting')]).toEqual([]);
    const validate = new Ajv({ strict: false, logger: false }).addSchema(flagdTargetingSchema).compile(flagdFlagsSchema);
    expect(validate({ flags: { flag: { state: 'ENABLED', variants, defaultVariant: name, targeting } } })).toBe(true);
  });
});

describe("The variants by flagd's own schema", () => {
  it('are taken where every value is of the type', () => {
    expect(variantsMistake('boolean', { on: true, off: false }, 'variants')).toBeNull();
    expect(variantsMistake('object', { a: { b: [1] } }, 'variants')).toBeNull();
  });

  it('are refused at the value that is of another type, and where there is none', () => {
    expect(variantsMistake('number', { one: 1, two: '2' }, 'variants')).toMatchObject({ path: 'variants.two' });
    expect(variantsMistake('string', {}, 'variants')).toMatchObject({ path: 'variants' });
  });
});
