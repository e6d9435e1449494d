import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SeededRandom } from '../../support/random.js';
import { eventually } from '../../support/wait.js';
import { RawClient } from './raw-client.js';

const KEY = `fw_srv_${'0'.repeat(40)}`;

/** Two nodes: one that is down, whose connections end at once, and one that takes connections and says nothing. */
let down: Server;
let silent: Server;
const taken: Socket[] = [];
let visits = 0;

beforeAll(async () => {
  down = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  silent = createServer((socket) => taken.push(socket)).listen(0, '127.0.0.1');
  await Promise.all([once(down, 'listening'), once(silent, 'listening')]);
});
afterAll(() => {
  for (const socket of taken) socket.destroy();
  down.close();
  silent.close();
});

it('A client whose node was down when the clients of that node were stalled notices the silence of the next', async () => {
  const urls = [down, silent].map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const where = { name: 'raw', transport: 'sse', key: KEY, flags: undefined, urls } as const;
  const client = new RawClient(where, new SeededRandom(1));
  try {
    await eventually(() => visits > 0 && client.node === 0, { intervalMs: 1, timeoutMs: 10_000 });
    client.stall(true);
    await eventually(() => client.node === 1);
    const before = visits;
    await eventually(() => expect(visits).toBeGreaterThan(before), { timeoutMs: 10_000 });
  } finally {
    client.stop();
  }
}, 30_000);
