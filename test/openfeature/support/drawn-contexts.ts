import { type EvaluationContext } from '@openfeature/server-sdk';
import { type SeededRandom } from '../../support/random.js';
import { PLANS, VERSIONS } from './drawn-flags.js';

/** Whom a flag may be asked for: with what the rules look at, without some of it, and at times of another type. */
export function drawContext(random: SeededRandom): EvaluationContext {
  const text = () => random.text(random.int(1, 12), 'abcdefghijklmnopqrstuvwxyzäß7 .@');
  const user = () => ({
    ...sometimes(random, 0.8, 'id', () => random.pick([text(), random.int(0, 1000)])),
    ...sometimes(random, 0.7, 'groups', () => random.shuffle(['beta', 'staff', 'qa']).slice(0, random.int(0, 3))),
  });
  return {
    ...sometimes(random, 0.85, 'targetingKey', () => (random.chance(0.03) ? '' : `user-${random.int(0, 100_000)}`)),
    ...sometimes(random, 0.8, 'plan', () => random.pick(PLANS)),
    ...sometimes(random, 0.8, 'age', () => (random.chance(0.1) ? text() : random.int(0, 90))),
    ...sometimes(random, 0.7, 'email', () => `${text()}@${random.pick(['a.com', 'b.example'])}`),
    ...sometimes(random, 0.7, 'version', () => (random.chance(0.15) ? text() : random.pick(VERSIONS))),
    ...sometimes(random, 0.7, 'since', () => new Date(Date.UTC(2026, random.int(0, 23), random.int(1, 28)))),
    ...sometimes(random, 0.7, 'active', () => random.pick([true, false, null, 0, 'no'])),
    ...sometimes(random, 0.8, 'user', user),
  } as EvaluationContext;
}

function sometimes(random: SeededRandom, p: number, name: string, draw: () => unknown): Record<string, unknown> {
  return random.chance(p) ? { [name]: draw() } : {};
}
