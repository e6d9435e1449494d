import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Connector } from '../../packages/client/src/connection/connector.js';
import { systemClock } from '../../packages/client/src/platform.js';
import { type Effect } from '../../packages/client/src/sync/messages.js';
import { initialState, type SyncState } from '../../packages/client/src/sync/state.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { transports } from './support/transports.js';

const RESTARTS = 4;
const LIMIT_MS = 240_000;

describe('A server that is killed and comes back, under changes', () => {
  const start = useServers();
  const open: Connector[] = [];
  let server: TestServer;
  let key: string;

  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('production'));
  });
  afterEach(() => {
    for (const connector of open.splice(0)) connector.close();
  });

  function follow(name: string, make: (typeof transports)[number][2]) {
    const seen = { name, state: initialState(), effects: [] as Effect[], failures: [] as string[] };
    const listener = {
      onSync: (state: SyncState, effects: readonly Effect[]) => {
        seen.state = state;
        seen.effects.push(...effects);
      },
      onHeard: () => undefined,
      onFailure: ({ code }: { code: string }) => void seen.failures.push(code),
    };
    const connector = new Connector(
      {
        transports: [make({ url: server.url, flags: null })],
        clock: systemClock,
        random: Math.random,
        credential: () => ({ key }),
      },
      listener,
      initialState(),
    );
    open.push(connector);
    connector.start();
    return seen;
  }

  it(
    'has every client back at its newest flags, with no full sync after the first',
    async () => {
      // The tag of a poll knows no delta, and its half minute is not a test's to wait for.
      const doors = transports.filter(([name, credential]) => credential === 'key' && name !== 'poll');
      const clients = doors.map(([name, , make]) => follow(name, make));
      for (let round = 0; round < RESTARTS; round += 1) {
        await server.admin.createFlag(`before-${round}`);
        await server.kill();
        await server.restart();
        await server.admin.createFlag(`after-${round}`);
        for (const seen of clients) {
          const what = `${seen.name} in round ${round}`;
          await eventually(() => seen.state.flags.has(`after-${round}`), { timeoutMs: 50_000, what });
        }
      }
      for (const { name, state, effects } of clients) {
        const modes = effects.flatMap((effect) => (effect.type === 'Synced' ? effect.mode : []));
        expect([name, state.flags.size, modes.filter((mode) => mode === 'full').length]).toEqual([name, 2 * RESTARTS, 1]);
        const created = effects.flatMap((effect) => (effect.type === 'Changed' ? effect.changes.map(({ id }) => id) : []));
        expect([name, created.length]).toEqual([name, new Set(created).size]);
        expect(effects.filter(({ type }) => type === 'Drop')).toEqual([]);
      }
    },
    LIMIT_MS,
  );
});
