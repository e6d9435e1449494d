import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { SeededRandom } from '../../support/random.js';
import { eventually } from '../../support/wait.js';
import { SdkClient } from './sdk-client.js';

const KEY = `fw_srv_${'0'.repeat(40)}`;
const [OLD, RESTORED, NEXT] = ['abcdefgh.9.aaaaaa', 'abcdefgh.5.bbbbbb', 'abcdefgh.6.cccccc'];
const at = '2026-01-01T00:00:00.000Z';
const metadata = { version: 1, created_at: at, updated_at: at, tags: [], owner: null, critical: false };
const variants = { on: true, off: false };
const flag = { id: 'a', name: 'a', description: '', status: 'enabled', value_type: 'boolean', variants, default_variant: 'on' };
const change = { flag_id: 'a', old_status: 'enabled', new_status: 'disabled', version: 2, updated_at: at };

/** A server that says what it is told to. */
let server: WebSocketServer;

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
});
afterAll(() => server.close());

function fullSync(socket: WebSocket, cursor: string): void {
  const say = (type: string, data: object, id: string) => socket.send(JSON.stringify({ type, data, id }));
  say('SyncStarted', { mode: 'full', connection_id: 'c', protocol: 1, ack_every_ms: 0 }, 'none');
  say('FlagUpdated', { ...flag, targeting: {}, metadata }, 'none');
  say('SyncComplete', { flag_count: 1 }, cursor);
}

it('A full sync that changes no flag that an SDK has asked for is seen all the same: it leads to where the next set begins', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connected = once(server, 'connection') as Promise<[WebSocket]>;
  const sdk = new SdkClient({ name: 'sdk', key: KEY, flags: undefined, urls: [url] }, 'websocket', new SeededRandom(1));
  const [socket] = await connected;
  fullSync(socket, OLD);
  fullSync(socket, RESTORED);
  socket.send(JSON.stringify({ type: 'FlagStatusChanged', data: change, id: NEXT }));
  await eventually(() => sdk.cursor === NEXT);
  expect(sdk.sights.map(({ kind, cursor }) => `${kind} ${cursor}`)).toEqual([`full ${OLD}`, `full ${RESTORED}`, `set ${NEXT}`]);
  await sdk.stop();
});
