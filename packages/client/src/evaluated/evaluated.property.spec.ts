import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Lab, makeLab, user } from './evaluated-lab.fake.js';

const NAMES = ['ann', 'bob', 'cid'];

/** What can happen to a client, in any order. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('context' as const), of: fc.constantFrom(...NAMES) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), at: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('break' as const, 'refuse' as const, 'away' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 300, 3000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function take(lab: Lab, taken: Step): Promise<void> {
  const { server, client } = lab;
  switch (taken.do) {
    case 'context':
      void client.setContext(user(taken.of));
      break;
    case 'answer':
      // Also one that nobody waits for any more, and in whatever order.
      server.asked[server.asked.length - 1 - (taken.at % Math.max(1, server.asked.length))]?.answer({});
      break;
    case 'change':
      server.change();
      break;
    case 'break':
      server.break();
      break;
    case 'refuse':
      server.asked.at(-1)?.answer({ status: 503, headers: { 'retry-after': '1' } });
      break;
    case 'away':
      server.isAway = !server.isAway;
      break;
    case 'pass':
      return lab.pass(taken.ms);
  }
  await lab.pass(0);
}

describe('A client whose server answers late, fails and goes away, while its context changes', () => {
  it('never shows a value of another context as its own, nor goes back, and is right in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const texts = new Map<string, string>();
        const cache = { read: () => texts.get('x') ?? null, write: (text: string) => void texts.set('x', text) };
        const lab = makeLab({ cache });
        lab.server.isHolding = true;
        let wanted = 'ann';
        const newest = new Map<string, number>();
        const look = (): void => {
          const { value, reason } = lab.who();
          if (value === '' || reason === 'STALE') return;
          expect(value).toBe(wanted);
          const revision = lab.client.value('revision', 0);
          expect(revision).toBeGreaterThanOrEqual(newest.get(wanted) ?? 0);
          newest.set(wanted, revision);
        };
        lab.client.on('change', look);
        for (const taken of steps) {
          if (taken.do === 'context') wanted = taken.of;
          await take(lab, taken);
          look();
        }
        Object.assign(lab.server, { isHolding: false, isAway: false });
        for (const asked of lab.server.asked) asked.answer({});
        await lab.pass(60_000);
        expect(lab.who()).toMatchObject({ value: wanted, reason: 'TARGETING_MATCH', revision: lab.server.revision });
        await lab.client.close();
        expect([lab.clock.pending, lab.server.open]).toEqual([0, []]);
      }),
      { numRuns: 150, ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }) },
    );
  });
});
