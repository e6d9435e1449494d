/** 60 clients and 300 changes on each database; with FLAGWIRE_TEST_FULL=1 the 500 and the 2,000 of the promise. */
import { expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { socketIoFrames, webSocketFrames } from '../e2e/support/socket-frames.js';
import { testSeed, withSeed } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { Party } from './party.js';

const IS_FULL = process.env['FLAGWIRE_TEST_FULL'] === '1';
const SIZE = IS_FULL ? { clients: 500, changes: 2000 } : { clients: 60, changes: 300 };
/** Not a promise: a machine may be busy with something else. */
const PATIENCE_MS = IS_FULL ? 3_600_000 : 600_000;
/** Filtered clients learn by heartbeats that nothing of theirs has changed. */
const AT_EASE = { FLAGWIRE_DB_CONNECT_TIMEOUT_MS: '60000', FLAGWIRE_DB_STATEMENT_TIMEOUT_MS: '60000' };
const SETTINGS = { ...AT_EASE, FLAGWIRE_HEARTBEAT_S: '1', FLAGWIRE_RING_REVISIONS: '100' };

/** All that each door says to a key of a browser. */
async function saidToClientKeys(server: TestServer, project: string): Promise<string[]> {
  const { key } = await server.admin.createKey('one', 'client', {}, { project });
  const get = async (path: string) => (await httpRequest(`${server.url}${path}`, { headers: { 'X-API-Key': key } })).text;
  return Promise.all([
    get('/sdk/stream'),
    get('/sdk/poll'),
    get('/sdk/poll?wait=1&since=none'),
    webSocketFrames(server.url, { key }),
    socketIoFrames()(server.url, { key }),
  ]);
}

describeEachDatabase('Clients of all transports that come, go, resume and ask for other flags', (database) => {
  const start = useServers();

  it(
    'get every change set whole, in order and once, and end with the state of the database',
    async () => {
      const seed = testSeed();
      await withSeed(async (random) => {
        const server = await start({ database, env: SETTINGS });
        const party = new Party(server, SIZE, random);
        await party.prepare();
        const from = performance.now();
        const [refused] = await Promise.all([saidToClientKeys(server, 'mixed'), party.run()]);
        const written = performance.now();
        await party.settle();
        const [faults, strangers] = [party.faults(), await party.strangers()];
        const { revisions, ...counts } = party.figures;
        const sizes = `${SIZE.clients} clients, ${SIZE.changes} changes in ${Math.round(written - from)} ms`;
        const figures = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
        process.stderr.write(`${database}, seed ${seed}: ${sizes}, revisions ${revisions.join('+')}, ${figures.join(', ')}\n`);
        expect(faults.slice(0, 20)).toEqual([]);
        expect(strangers.slice(0, 5)).toEqual([]);
        // The sentence means little unless all of this has happened.
        expect(counts.resumptions).toBeGreaterThan(SIZE.clients / 10);
        expect(counts.handovers).toBeGreaterThan(SIZE.clients / 10);
        expect(counts.subscribed).toBeGreaterThan(0);
        expect(refused).toHaveLength(5);
        for (const text of refused) {
          expect(text).toContain('client_key_forbidden');
          expect(text).not.toMatch(/SyncStarted|variants|shop|targeting/);
        }
      }, seed);
    },
    PATIENCE_MS,
  );
});
