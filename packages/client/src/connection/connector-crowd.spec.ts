import { describe, expect, it } from '@jest/globals';
import { setUp } from './connector-lab.fake.js';

const SECOND = 1000;

describe('2,000 clients whose server is away for 10 s', () => {
  it.each([null, 'retry:'])('come back in no 100 ms more than 5 percent at a time (%s)', async (retry) => {
    let seed = 7;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const back: number[] = [];
    for (let client = 0; client < 2000; client += 1) {
      const lab = setUp(random);
      const all = [lab.sse, lab.socket, lab.poll];
      lab.connector.start();
      await lab.clock.pass(0);
      lab.sse.serve();
      if (retry !== null) lab.sse.tell({ type: 'Retry', after_ms: 1000 + random() * 4000 });
      for (const one of all) {
        one.onOpen = () => {
          if (lab.clock.now() < 10 * SECOND) one.fail();
          else back.push(lab.clock.now());
        };
      }
      lab.sse.fail('connection_lost');
      while (all.every(({ isOpen }) => !isOpen)) await lab.clock.pass(SECOND);
      lab.connector.close();
    }
    const slots = new Map<number, number>();
    for (const at of back) slots.set(Math.floor(at / 100), (slots.get(Math.floor(at / 100)) ?? 0) + 1);
    const largest = Math.max(...slots.values());
    process.stdout.write(
      `${back.length} came back; the fullest 100 ms had ${largest}, the last came at ${Math.max(...back)} ms\n`,
    );
    expect(back.length).toBeGreaterThanOrEqual(2000);
    expect(largest).toBeLessThanOrEqual(100);
  });
});
