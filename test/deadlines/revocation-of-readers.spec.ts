import { status } from '@grpc/grpc-js';
import { beforeAll, expect, it } from '@jest/globals';
import { Notices, noticesUrl } from '../ofrep/support/notices.js';
import { type CreatedKey } from '../support/admin-client.js';
import { bearer, FlagdClient } from '../support/flagd-client.js';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually, within } from '../support/wait.js';

/** Protocol section 7: connections of a dead key are closed within a second of the commit, on every node. */
const DEADLINE_MS = 1000;
/** Of each kind and node. */
const CROWD = 200;
/** A library of gRPC keeps one connection for a client, and this is a number of streams that each server takes on one. */
const STREAMS_OF_A_CONNECTION = 50;

interface Node {
  server: TestServer;
  grpcAddress: string;
}

/** How one that was open has ended. */
type Ends = Promise<unknown>[];

/** Readers of flags that do not speak the sync protocol: how they are opened, which resolves when each is served, and how they end. */
interface Reader {
  keyKind: 'client' | 'server';
  open: (node: Node, key: CreatedKey) => Promise<Ends>;
  end: unknown;
}

const revoked = { reason: 'key_revoked', retry_after_ms: null };

const READERS: Record<string, Reader> = {
  'notice streams': {
    keyKind: 'client',
    end: revoked,
    open: async ({ server }, { key }) => {
      const url = await noticesUrl(server, key);
      const streams = await Promise.all(Array.from({ length: CROWD }, () => Notices.open(url)));
      await eventually(() => streams.every((stream) => stream.messages('connected').length === 1));
      return streams.map(async (stream) => {
        await stream.ended;
        return stream.messages('Goodbye')[0]?.data['data'];
      });
    },
  },
  'sync streams of flagd': {
    keyKind: 'server',
    end: status.UNAUTHENTICATED,
    open: async ({ grpcAddress }, { key }) => {
      const clients = Array.from({ length: CROWD / STREAMS_OF_A_CONNECTION }, () => new FlagdClient(grpcAddress));
      const streams = clients.flatMap((client) =>
        Array.from({ length: STREAMS_OF_A_CONNECTION }, () => client.sync(bearer(key))),
      );
      await eventually(() => streams.every(({ documents }) => documents.length === 1), { timeoutMs: 20_000 });
      const ends = streams.map(async ({ ended }) => (await ended)?.code);
      void Promise.all(ends).then(() => clients.forEach((client) => client.close()));
      return ends;
    },
  },
};

describeEachDatabase('what a dead key leaves open of other protocols', (database) => {
  const start = useServers();
  const nodes: Node[] = [];

  async function launch(url: string): Promise<void> {
    const port = await freePort();
    const env = { GRPC_PORT: String(port), FLAGWIRE_MAX_PER_ADDRESS: '1000' };
    nodes.push({ server: await start({ database: url, env }), grpcAddress: `127.0.0.1:${port}` });
  }

  beforeAll(async () => {
    await launch(database);
    if (database === 'postgres') await launch(nodes[0]?.server.databaseUrl ?? '');
    await nodes[0]?.server.admin.createFlag('one');
  }, 120_000);

  it.each(Object.keys(READERS))('is ended within a second for hundreds of %s, whichever node is told', async (name) => {
    const { keyKind, open, end } = READERS[name] as Reader;
    for (const [place, { server }] of nodes.entries()) {
      const key = await server.admin.createKey('production', keyKind);
      const ends = (await Promise.all(nodes.map((node) => open(node, key)))).flat();
      await server.admin.revokeKey('production', key.id);
      const from = performance.now();
      const all = await within(Promise.all(ends), 15_000, 'the end of the streams');
      const took = performance.now() - from;
      expect(all).toEqual(Array.from({ length: CROWD * nodes.length }, () => end));
      process.stderr.write(
        `${database}: ${all.length} ${name} closed, revoked on node ${place + 1}, after ${Math.round(took)} ms (promised: ${DEADLINE_MS})\n`,
      );
      expect(took).toBeLessThan(DEADLINE_MS);
    }
  });
});
