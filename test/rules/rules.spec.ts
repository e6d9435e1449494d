import { beforeAll, describe, expect, it } from '@jest/globals';
import { arrowRules, checkFormat, cruise, fixtures, lint, lintRulesOf, type Breach } from './run-tools.js';

/** Of the presets' rules, those that the design names. */
const NAMED_PRESET_RULES = [
  '@typescript-eslint/no-explicit-any',
  '@typescript-eslint/no-floating-promises',
  '@typescript-eslint/no-misused-promises',
  '@typescript-eslint/no-unsafe-argument',
  '@typescript-eslint/no-unsafe-assignment',
  '@typescript-eslint/no-unsafe-call',
  '@typescript-eslint/no-unsafe-member-access',
  '@typescript-eslint/no-unsafe-return',
  'jest/expect-expect',
  'jest/no-commented-out-tests',
  'jest/no-disabled-tests',
  'jest/no-focused-tests',
];
const OWN_RULES = [
  '@typescript-eslint/switch-exhaustiveness-check',
  'eqeqeq',
  'flagwire/no-type-only-injection',
  'max-lines',
  'no-console',
  'no-restricted-imports',
  'no-restricted-properties',
];

describe('the rules that fail the build', () => {
  const all = fixtures();
  const covered = new Set(all.flatMap(({ breaks }) => breaks.map(({ rule }) => rule)));
  let breaches: Breach[];

  beforeAll(async () => {
    breaches = [...(await lint()), ...(await cruise()), ...(await checkFormat())];
  }, 240_000);

  it.each(all.filter(({ breaks }) => breaks.length > 0))('$file breaks what it says and nothing else', ({ file, breaks }) => {
    const found = breaches.filter((breach) => breach.file === file);
    expect([...new Set(found.map(({ rule }) => rule))].sort()).toEqual(breaks.map(({ rule }) => rule).sort());
    for (const { rule, about } of breaks) {
      const message = found.find((breach) => breach.rule === rule)?.message;
      expect(message).toContain(about);
    }
  });

  it('leaves alone what is allowed', () => {
    const innocent = new Set(all.filter(({ breaks }) => breaks.length === 0).map(({ file }) => file));
    expect(innocent.size).toBeGreaterThan(0);
    expect(breaches.filter(({ file }) => innocent.has(file))).toEqual([]);
  });

  it('has a fixture for each direction of imports', async () => {
    const names = await arrowRules();
    expect(names.filter((name) => !covered.has(name))).toEqual([]);
  });

  it('has a fixture for each lint rule that the design names', () => {
    expect([...NAMED_PRESET_RULES, ...OWN_RULES, 'prettier'].filter((rule) => !covered.has(rule))).toEqual([]);
  });

  it('has a fixture for each restricted piece of syntax', async () => {
    const files = ['src/sync/any.ts', 'src/flags/any.entity.ts', 'src/flags/index.ts', 'src/health/any.ts', 'test/any.ts'];
    const rules = await Promise.all(files.map(lintRulesOf));
    const messages = rules.flatMap((of) =>
      (of['no-restricted-syntax'] ?? []).slice(1).map((entry) => (entry as { message: string }).message),
    );
    const abouts = all.flatMap(({ breaks }) =>
      breaks.filter(({ rule }) => rule === 'no-restricted-syntax').map(({ about }) => about),
    );
    expect(messages.filter((message) => !abouts.some((about) => message.includes(about)))).toEqual([]);
  });
});
