import { afterAll, describe } from '@jest/globals';
import { databases, disposeServers, liveServers, startServer } from './server.js';
import { type DatabaseKind, type ServerOptions, type TestServer } from './server.js';

/**
 * Call it once in a test file or a `describe`: gives `startServer`, and kills and removes what it started when the
 * file or `describe` is through. A server that ended by itself meanwhile fails the run, with its output.
 */
export function useServers(): (options?: ServerOptions) => Promise<TestServer> {
  const started: TestServer[] = [];
  afterAll(async () => {
    const crashes = started.flatMap((server) => (liveServers().includes(server) ? (server.crash() ?? []) : []));
    await disposeServers(started);
    if (crashes.length > 0) throw new Error(crashes.join('\n\n'));
  }, 30_000);
  return async (options) => {
    const server = await startServer(options);
    started.push(server);
    return server;
  };
}

/** The same suite on each database that the product supports. */
export function describeEachDatabase(name: string, suite: (database: DatabaseKind) => void): void {
  for (const database of databases) {
    describe(`${name} (${database})`, () => {
      suite(database);
    });
  }
}
