import { expect } from '@jest/globals';
import { contract, type Declare } from './support/contract.js';

function promises(promise: Declare): void {
  promise('a restart after kill -9 costs nobody a full sync', async ({ server, stage, start, visit }) => {
    await stage.create('a');
    await stage.toggle('a', 3);
    const left = await visit();
    await server.restart('SIGKILL');
    const back = await start(left);
    expect([back.begun, back.cursor, back.steps]).toEqual(['delta', left.cursor, []]);
    const [cursor] = await stage.toggle('a', 1);
    await back.waitForCursor(cursor ?? '');
    expect([back.steps.map(({ flags }) => flags), back.state]).toEqual([[['a']], await stage.truth()]);
  });
}

contract('A restart of the server', {}, promises);
