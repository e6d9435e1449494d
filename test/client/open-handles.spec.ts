import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { projectRoot } from '../support/project-root.js';
import { useServers } from '../support/use-servers.js';

/** It connects, closes at the moment that it is told, and has to end because nothing is left: nobody calls `process.exit`. */
const PROGRAM = `
import { EventSource } from 'eventsource';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { Connector } from './packages/client/dist/connection/connector.js';
import { systemClock } from './packages/client/dist/platform.js';
import { initialState } from './packages/client/dist/sync/state.js';
import * as sdk from './packages/client/dist/transports.js';
const [, name, when, url, key, ticket] = process.argv;
const site = { url, flags: null };
const makers = {
  'sse': () => sdk.sse(site), 'event-source': () => sdk.eventSource(site, EventSource), 'websocket': () => sdk.webSocket(site, WebSocket),
  'socket.io': () => sdk.socketIo(site, io), 'long-poll': () => sdk.longPoll(site), 'poll': () => sdk.poll(site),
};
const done = () => { connector.close(); console.log('closed'); };
const credential = () => (name === 'event-source' ? { ticket } : { key });
const connector = new Connector(
  { transports: [makers[name]()], clock: systemClock, random: Math.random, credential },
  {
    onSync: (_state, effects) => { if (when === 'synced' && effects.some(({ type }) => type === 'Synced')) setImmediate(done); },
    onHeard: () => undefined,
    onFailure: () => { if (when === 'waiting') done(); },
  },
  initialState(),
);
connector.start();
if (when === 'at once') done();
if (when === 'on its way') setImmediate(done);
`;

describe('close()', () => {
  const start = useServers();
  let url: string;
  let key: string;
  let ticket: string;

  beforeAll(async () => {
    const server = await start();
    url = server.url;
    ({ key } = await server.admin.createKey('production'));
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const answer = await httpRequest(`${url}/sdk/ticket`, { method: 'POST', headers, body: '{}' });
    ({ ticket } = answer.json() as { ticket: string });
  });

  function run(...args: string[]): Promise<{ error: unknown; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--input-type=module', '-e', PROGRAM, ...args],
        { cwd: join(projectRoot()), timeout: 30_000 },
        (error, stdout, stderr) => resolve({ error, stdout, stderr }),
      );
    });
  }

  describe.each(['sse', 'event-source', 'websocket', 'socket.io', 'long-poll', 'poll'])('of %s', (name) => {
    it.each(['synced', 'at once', 'on its way', 'waiting'])('leaves nothing that keeps a process alive (%s)', async (when) => {
      const address = when === 'waiting' ? 'http://127.0.0.1:9' : url;
      expect(await run(name, when, address, key, ticket)).toEqual({ error: null, stdout: 'closed\n', stderr: '' });
    });
  });
});
