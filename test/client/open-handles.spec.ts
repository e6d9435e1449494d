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

/** The same of a client, as an application has it: with a cache, a listener, a loop and targeting. */
const CLIENT = `
import { FlagSyncClient } from './packages/client/dist/client.js';
import { flagdEvaluator } from './packages/client/dist/evaluate.js';
const [, when, url, sdkKey] = process.argv;
const cache = { read: () => (when === 'silent' ? new Promise(() => undefined) : null), write: () => undefined };
const client = new FlagSyncClient({ url, sdkKey, cache, evaluator: flagdEvaluator() });
const rule = (plan) => client.details('targeted', false, { plan });
const loop = (async () => { for await (const change of client) if (change.changes.length === 0) throw new Error('empty'); })();
void client.ready({ timeout_ms: Infinity });
void client.waitFor('epoch001.9.mark01');
const done = async () => {
  await client.close();
  await loop;
  console.log('closed', when === 'ready' ? [rule('pro').value, rule('free').value, rule('pro').reason].join() : '');
};
if (when === 'ready') client.ready().then(done);
if (when === 'on its way' || when === 'silent') setImmediate(done);
if (when === 'waiting') client.on('error', done);
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
    await server.admin.createFlag('targeted');
    const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };
    await server.admin.patchEnv('targeted', 'production', { status: 'enabled', targeting });
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const answer = await httpRequest(`${url}/sdk/ticket`, { method: 'POST', headers, body: '{}' });
    ({ ticket } = answer.json() as { ticket: string });
  });

  function run(program: string, ...args: string[]): Promise<{ error: unknown; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--input-type=module', '-e', program, ...args],
        { cwd: join(projectRoot()), timeout: 30_000 },
        (error, stdout, stderr) => resolve({ error, stdout, stderr }),
      );
    });
  }

  describe.each(['sse', 'event-source', 'websocket', 'socket.io', 'long-poll', 'poll'])('of %s', (name) => {
    it.each(['synced', 'at once', 'on its way', 'waiting'])('leaves nothing that keeps a process alive (%s)', async (when) => {
      const address = when === 'waiting' ? 'http://127.0.0.1:9' : url;
      expect(await run(PROGRAM, name, when, address, key, ticket)).toEqual({ error: null, stdout: 'closed\n', stderr: '' });
    });
  });

  describe('of a client', () => {
    it.each(['ready', 'on its way', 'silent', 'waiting'])('leaves nothing that keeps a process alive (%s)', async (when) => {
      const address = when === 'waiting' ? 'http://127.0.0.1:9' : url;
      const said = when === 'ready' ? 'closed true,false,TARGETING_MATCH\n' : 'closed \n';
      expect(await run(CLIENT, when, address, key)).toEqual({ error: null, stdout: said, stderr: '' });
    });
  });
});
