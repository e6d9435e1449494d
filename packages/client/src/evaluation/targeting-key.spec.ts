import { describe, expect, it } from '@jest/globals';
import { flag, liveLab } from '../api/client-lab.fake.js';
import { type EvaluationContext } from './evaluator.js';
import { flagdEvaluator } from './flagd-evaluator.js';
import { needsTargetingKey } from './targeting-key.js';

const BUCKETS = [['on', 50], ['off', 50]]; // prettier-ignore
const SPLIT = { fractional: BUCKETS };

describe('A rule needs a targetingKey', () => {
  it.each<[string, unknown]>([
    ['is nothing but a fractional', SPLIT],
    ['has one in a branch', { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', SPLIT] }],
    ['has one inside a bucket of another', { fractional: [{ var: 'email' }, [SPLIT, 50], ['off', 50]] }],
    ['has one as the bucketing value of another', { fractional: [SPLIT, ['on', 1]] }],
    ['has one bucket', { fractional: [['on', 1]] }],
  ])('where it %s', (_what, rule) => {
    expect(needsTargetingKey(rule)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['has no fractional', { if: [{ '==': [{ var: 'targetingKey' }, 'a'] }, 'on', 'off'] }],
    ['has a fractional with an operation before its buckets', { fractional: [{ var: 'email' }, ...BUCKETS] }],
    ['has one with a text before them', { fractional: ['everybody', ...BUCKETS] }],
    ['compares with the word', { if: [{ '==': [{ var: 'kind' }, 'fractional'] }, 'on', 'off'] }],
    ['is empty', {}],
  ])('but not where it %s', (_what, rule) => {
    expect(needsTargetingKey(rule)).toBe(false);
  });
});

describe('A flag that is split by the targetingKey', () => {
  const evaluator = flagdEvaluator();

  it.each([[{}], [{ targetingKey: '' }], [{ targetingKey: null }], [{ targetingKey: 7 }], [{ plan: 'pro' }]])(
    'has no value for a context without one: %j',
    async (context) => {
      const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', SPLIT] };
      const { client } = await liveLab([flag('a', { targeting, default_variant: 'on' })], { evaluator });
      expect(client.details('a', false, context as EvaluationContext)).toMatchObject({
        ...{ value: false, variant: null, reason: 'ERROR', error_code: 'TARGETING_KEY_MISSING', version: 1 },
      });
      expect(client.details('a', false, { ...context, targetingKey: 'user-1' })).toMatchObject({ reason: 'TARGETING_MATCH' });
    },
  );

  it('has one where it is split by something else', async () => {
    const targeting = { fractional: [{ var: 'email' }, ...BUCKETS] };
    const { client } = await liveLab([flag('a', { targeting })], { evaluator });
    expect(client.details('a', false, { email: 'a@b.example' }).reason).toBe('TARGETING_MATCH');
    // Split by nothing, nobody is in a bucket.
    expect(client.details('a', false)).toMatchObject({ variant: 'on', reason: 'DEFAULT' });
  });

  it('is disabled first', async () => {
    const { client } = await liveLab([flag('a', { targeting: SPLIT, status: 'disabled' })], { evaluator });
    expect(client.details('a', true)).toMatchObject({ value: true, reason: 'DISABLED' });
  });
});
