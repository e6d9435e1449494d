import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { flagsByAdmin } from '../mixed/ledger.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ClientsProcess, type Look } from './support/clients-process.js';

const RESTARTS = 20;
/** Until here code is still being loaded and compiled: what is held then is what has to be held at the end. */
const WARM = 5;
const LIMIT_MS = 580_000;
const MEBIBYTE = 1024 * 1024;

describe('A server that is killed and comes back on the same port, 20 times, under changes', () => {
  const start = useServers();
  let server: TestServer;
  let program: ClientsProcess;

  beforeAll(async () => {
    server = await start();
    const { key } = await server.admin.createKey('production');
    program = new ClientsProcess(server.url, key);
  });
  afterAll(() => void program.child.kill());

  /** Waits for clients to hold a flag; those that only poll now and then have half a minute for that, and are waited for at the end. */
  async function until(flag: string, all: boolean): Promise<Look> {
    let seen: Look | undefined;
    const lacking = async (): Promise<string[]> => {
      seen = await program.look();
      const due = seen.clients.filter(({ transport }) => all || transport !== 'poll');
      return due.filter(({ flags }) => !flags.some(({ id }) => id === flag)).map(({ name }) => name);
    };
    await eventually(async () => expect(await lacking()).toEqual([]), { timeoutMs: 60_000, intervalMs: 100, what: flag });
    return seen as Look;
  }

  it(
    'has every client back at its flags with the changes alone, and leaves neither memory nor handles behind',
    async () => {
      await server.admin.createFlag('first');
      await until('first', true);
      let warm: Look | undefined;
      for (let round = 1; round <= RESTARTS; round += 1) {
        await server.admin.createFlag(`before-${round}`);
        // Nobody knows how this one ends; only that all agree about it.
        const underWay = server.admin.createFlag(`under-way-${round}`).catch(() => undefined);
        await server.kill();
        await underWay;
        await server.restart();
        await server.admin.createFlag(`after-${round}`);
        const seen = await until(`after-${round}`, round === WARM);
        if (round === WARM) warm = seen;
        // The first one; of a poll by its tag none is counted.
        expect(seen.clients.map(({ name, full }) => [name, full])).toEqual(
          seen.clients.map(({ name }) => [name, name === 'poll' ? 0 : 1]),
        );
      }
      const end = await until(`after-${RESTARTS}`, true);
      process.stdout.write(`${figures(warm as Look)}\n${figures(end)}\n`);
      const stored = await flagsByAdmin(server.admin, 'default', 'production');
      for (const { name, revisions, flags } of end.clients) {
        expect([name, new Map(flags.map((flag) => [flag.id, flag]))]).toEqual([name, stored]);
        expect([name, revisions]).toEqual([name, [...new Set(revisions)].sort((a, b) => a - b)]);
      }
      expect(end.handles.length).toBeLessThan((warm as Look).handles.length + 8);
      expect(end.heap).toBeLessThan((warm as Look).heap + MEBIBYTE);
      expect(await program.close()).toEqual([0, null]);
    },
    LIMIT_MS,
  );
});

function figures({ clients, heap, handles }: Look): string {
  const each = clients.map(
    ({ name, transport, state, failures, full }) => `${name}: ${state} over ${transport}, ${failures} failures, ${full} full`,
  );
  return `heap ${(heap / MEBIBYTE).toFixed(2)} MiB, ${handles.length} handles (${handles.join()}); ${each.join('; ')}`;
}
