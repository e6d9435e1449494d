import { describe, expect, it } from '@jest/globals';
import { makeLab } from './evaluated-lab.fake.js';

const SECOND = 1000;
const CLIENTS = 60;

/** How many came in the fullest 250 ms. */
function fullest(times: readonly number[]): number {
  const slots = new Map<number, number>();
  for (const at of times) slots.set(Math.floor(at / 250), (slots.get(Math.floor(at / 250)) ?? 0) + 1);
  return Math.max(...slots.values());
}

describe('Pages whose server is away for 20 s', () => {
  it('come back spread out, and so do their polls where there is no stream', async () => {
    let seed = 7;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const [back, polls]: [number[], number[]] = [[], []];
    for (let count = 0; count < CLIENTS; count += 1) {
      const lab = makeLab({ random });
      lab.server.hasStreams = false;
      await lab.pass(SECOND);
      lab.server.isAway = true;
      await lab.pass(20 * SECOND);
      const before = lab.server.asked.length;
      lab.server.isAway = false;
      await lab.pass(70 * SECOND);
      const [first = 0, ...rest] = lab.server.asked.slice(before).map(({ at }) => at);
      back.push(first);
      polls.push(...rest);
      await lab.client.close();
    }
    process.stdout.write(
      `the fullest 250 ms had ${fullest(back)} of ${CLIENTS} first questions, ${fullest(polls)} of ${polls.length} polls\n`,
    );
    expect(fullest(back)).toBeLessThan(CLIENTS * 0.1);
    expect(fullest(polls)).toBeLessThan(polls.length * 0.1);
  });
});
