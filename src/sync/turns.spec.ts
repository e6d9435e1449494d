import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { FakeTurns } from './turns.fake.js';
import { DELIVERIES_PER_TURN, Turns, type Work } from './turns.js';

/** So much to do, and who did it when. */
class Heap implements Work {
  constructor(
    private readonly name: string,
    private left: number,
    private readonly done: string[],
  ) {}

  serve(most: number): number {
    const served = Math.min(most, this.left);
    this.left -= served;
    this.done.push(`${this.name} ${served}`);
    return served;
  }
}

it('no turn does more than its share, whoever it is for', () => {
  const turns = new FakeTurns();
  turns.hold();
  const done: string[] = [];
  turns.add(new Heap('large', 2 * DELIVERIES_PER_TURN, done));
  turns.add(new Heap('small', 10, done));
  turns.add(new Heap('middle', DELIVERIES_PER_TURN, done));
  const inTurns: string[][] = [];
  while (turns.next()) inTurns.push(done.splice(0));
  const rest = DELIVERIES_PER_TURN - 10;
  expect(inTurns).toEqual([
    [`large ${DELIVERIES_PER_TURN}`],
    ['small 10', `middle ${rest}`],
    [`large ${DELIVERIES_PER_TURN}`],
    ['middle 10', 'large 0'],
  ]);
});

it('work that is added again while it waits is not done twice', () => {
  const turns = new FakeTurns();
  turns.hold();
  const done: string[] = [];
  const heap = new Heap('it', 10, done);
  turns.add(heap);
  turns.add(heap);
  expect([turns.all(), done]).toEqual([1, ['it 10']]);
});

it('a request is answered while there is always more to send, and so is one that comes meanwhile', async () => {
  const server = createServer((_request, response) => response.end('yes')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const most = 100_000 * DELIVERIES_PER_TURN;
  let [served, answers] = [0, 0];
  const ask = async () => {
    answers += (await (await fetch(`http://127.0.0.1:${port}`)).text()) === 'yes' ? 1 : 0;
    if (answers < 3) await ask();
  };
  const asked = ask();
  const turns = new Turns();
  turns.add({
    serve(portion) {
      const isOver = answers === 3 || served >= most;
      served += isOver ? 0 : portion;
      return isOver ? 0 : portion;
    },
  });
  await asked;
  expect(served).toBeLessThan(most);
  server.close();
});
