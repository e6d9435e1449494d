import { afterEach, expect, it } from '@jest/globals';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { CHANGES, closeAll, Crowd, type Door, DOORS, growth, QUIET } from './support/crowd.js';

const startServer = useServers();
/** Of a change of status, with its framing: the same each time, since times, marks and revisions of two digits have one length. */
const MOST_BYTES: Record<Door, number> = { SSE: 194, 'plain WebSocket': 187, 'Socket.IO': 206 };

let proxy: TcpProxy | undefined;
afterEach(() => proxy?.stop());

it.each(Object.keys(DOORS) as Door[])(
  'a change has no more bytes than it had over %s, and nothing is sent beside it',
  async (door) => {
    const crowd = await Crowd.of(await startServer({ env: QUIET }));
    proxy = await TcpProxy.start(crowd.server.url);
    const clients = await crowd.connect(1, door, undefined, `http://127.0.0.1:${proxy.port}`);
    const passed = () => (proxy?.connections ?? []).reduce((sum, { toClient }) => sum + toClient.passed, 0);
    const bytes = await growth(passed, () => crowd.makeChanges(clients));
    await closeAll(clients);
    expect(bytes / CHANGES).toBeLessThanOrEqual(MOST_BYTES[door]);
  },
);
