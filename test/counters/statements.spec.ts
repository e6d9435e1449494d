import { expect, it, jest } from '@jest/globals';
import libsql from 'libsql';
import { useNodes } from '../defects/in-process-node.js';

const nodes = useNodes();
const CHANGES = 40;
/** Of the once-a-second work that goes on beside it. */
const OTHERS = 4;

it('a change prepares no statement that the change before it has prepared', async () => {
  const node = await nodes.start();
  await node.admin.createFlag('counted');
  const change = (made: number) =>
    node.admin.patchEnv('counted', 'production', { status: made % 2 === 0 ? 'enabled' : 'disabled' });
  for (let made = 0; made < CHANGES; made += 1) await change(made);
  const prepared = jest.spyOn(libsql.prototype, 'prepare');
  for (let made = 0; made < CHANGES; made += 1) await change(made);
  const statements = prepared.mock.calls.map(([statement]) => statement);
  prepared.mockRestore();
  expect(statements.length).toBeLessThanOrEqual(OTHERS);
});
