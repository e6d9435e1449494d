import { describe, expect, it } from '@jest/globals';
import { type Environment } from '../support/server-process.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { metric } from './support/metrics.js';
import { socketDoors, synced, transportOf } from './support/socket-doors.js';

const LONG = 60_000;
const MINUTES = 300_000;
/** A definition of 100 KB: fifty changes of it are more than Linux takes for a connection in both of its buffers. */
const BIG = { value_type: 'string', variants: { on: 'é'.repeat(25_000), off: 'x'.repeat(50_000) }, default_variant: 'off' };
/** Changes at most until a reader must have been noticed. */
const MOST = 400;

const start = useServers();

async function change({ admin }: TestServer, turn: number): Promise<string> {
  const { cursors } = await admin.patchFlag('big', { description: `turn ${turn}` });
  return String(cursors['production']);
}

/** Changes until the figure is 1, and `beyond` times more; gives the last cursor. */
async function changeUntil(server: TestServer, figure: string, beyond = 0): Promise<string> {
  let turn = 0;
  for (; (await metric(server, figure)) !== 1; turn += 1) {
    if (turn > MOST) throw new Error(`${figure} never came to 1`);
    await change(server, turn);
  }
  let cursor = '';
  for (let more = 0; more <= beyond; more += 1) cursor = await change(server, turn + more);
  return cursor;
}

describe.each(socketDoors)('A $name that stops to read', (door) => {
  async function scene(env: Environment) {
    const server = await start({ env });
    await server.admin.createFlag('big', BIG);
    const { key } = await server.admin.createKey('production');
    const healthy = await SseProbe.connect({ url: server.url, key });
    await healthy.waitForSync(LONG);
    const probe = await synced(door, { url: server.url, key });
    return { server, healthy, probe, reader: transportOf(probe) };
  }

  it.each([
    ['from memory', {}],
    ['from the log', { FLAGWIRE_RING_REVISIONS: '5' }],
  ])(
    'is fed by its cursor when it reads again, with all of the changes, in order and once, %s',
    async (_name, env) => {
      const { server, healthy, probe, reader } = await scene({ FLAGWIRE_STALL_S: '600', FLAGWIRE_PING_S: '600', ...env });
      reader.pause();
      const behind = await changeUntil(server, 'flagwire_lagging_connections', 20);
      await healthy.waitForCursor(behind, LONG);
      reader.resume();
      await Promise.all([probe, healthy].map((each) => each.waitForCursor(behind, LONG)));
      expect(probe.applied.map(({ cursor }) => cursor)).toEqual(healthy.applied.map(({ cursor }) => cursor));
      expect(probe.messages.filter(({ type }) => type === 'SyncStarted')).toHaveLength(1);
      expect(probe.state).toEqual(healthy.state);
      await eventually(async () => (await metric(server, 'flagwire_lagging_connections')) === 0, { timeoutMs: LONG });
      await probe.waitForCursor(await change(server, -1), LONG);
      probe.assertInOrder();
      healthy.assertInOrder();
      await probe.close();
      await healthy.close();
    },
    MINUTES,
  );

  it(
    'for too long is cut, and counted; nobody else waits for it',
    async () => {
      const { server, healthy, probe, reader } = await scene({ FLAGWIRE_STALL_S: '3', FLAGWIRE_PING_S: '600' });
      reader.pause();
      await changeUntil(server, 'flagwire_lagging_connections');
      await eventually(async () => (await metric(server, 'flagwire_cut_connections_total')) === 1, { timeoutMs: LONG });
      const { body } = await server.admin.call<string>('GET', '/metrics');
      expect(body).toMatch(new RegExp(`^flagwire_connections\\{transport="${door.name}"\\} 0$`, 'm'));
      await healthy.waitForCursor(await change(server, -1), LONG);
      healthy.assertInOrder();
      reader.resume();
      expect((await probe.closed).by).not.toBe('client');
      await healthy.close();
    },
    MINUTES,
  );
});
