import { expect, test } from '@jest/globals';
import { InvalidInput } from '../../common/errors.js';
import { draftOf, refuse } from './draft.js';
import { EditFlagRequest } from './flag.request.js';
import { FlagSettingsRequest } from './flag-settings.request.js';

test('the right fields stay, and each wrong one is named with its path', () => {
  const body = { status: 'on', default_variant: null, targeting: [], extra: 1 };
  const { fields, mistakes } = draftOf(FlagSettingsRequest, body, 'environments.production');
  expect({ ...fields }).toEqual({ default_variant: null });
  expect(mistakes.map(({ path }) => path)).toEqual([
    'environments.production.extra',
    'environments.production.status',
    'environments.production.targeting',
  ]);
});

test.each([null, undefined, [], 'text', 7])('%j is not a body', (body) => {
  expect(draftOf(FlagSettingsRequest, body, 'changes[3]').mistakes).toEqual([
    { path: 'changes[3]', message: 'must be a JSON object' },
  ]);
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  '%s is a field like any other that is not known',
  (name) => {
    const body: unknown = JSON.parse(`{"${name}": {"status": "enabled"}}`);
    const { fields, mistakes } = draftOf(FlagSettingsRequest, body);
    expect(Object.keys(fields)).toEqual([]);
    expect(mistakes).toEqual([{ path: name, message: 'is not a known field' }]);
  },
);

test('targeting of any depth is handed on as it came, for the rules to judge', () => {
  const body = JSON.parse(`{"targeting": {"a": ${'['.repeat(50_000)}${']'.repeat(50_000)}}}`) as { targeting: unknown };
  expect(draftOf(FlagSettingsRequest, body).fields.targeting).toBe(body.targeting);
});

test('a flag keeps its type: naming it in an edit is refused with the reason', () => {
  const { mistakes } = draftOf(EditFlagRequest, { value_type: 'boolean' });
  expect(mistakes).toEqual([{ path: 'value_type', message: 'never changes: archive the flag and make another one' }]);
});

test('an edit may clear what may be empty, and nothing else', () => {
  const body = { description: null, default_variant: null, tags: null, owner: null, critical: null, name: null, variants: null };
  expect(draftOf(EditFlagRequest, body).mistakes.map(({ path }) => path)).toEqual(['name', 'variants']);
});

test('mistakes are refused all at once, each once', () => {
  const mistakes = [
    { path: 'b', message: 'x' },
    { path: 'a', message: 'x' },
    { path: 'b', message: 'x' },
  ];
  expect(() => refuse([])).not.toThrow();
  const wanted = [
    { path: 'a', message: 'x' },
    { path: 'b', message: 'x' },
  ];
  expect(() => refuse(mistakes)).toThrow(new InvalidInput(wanted));
});
