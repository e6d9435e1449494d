import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { frame, text, Upgraded } from './support/upgraded.js';

const MIB = 1024 * 1024;
const FLOOD_BYTES = 256 * MIB;
/** What a node may hold for one flood, over what it had: its garbage included. Seen: 25 to 48; without the bound 160 to 200. */
const MOST_GROWTH = 64 * MIB;
const ENGINE = '/socket.io/?EIO=4&transport=websocket';

function residentBytes({ pid }: TestServer): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

describe('a socket that writes on and on and reads nothing', () => {
  const start = useServers();
  const open: Upgraded[] = [];
  afterEach(() => {
    for (const { socket } of open.splice(0)) socket.destroy();
  });

  /** Writes the piece again and again, as fast as it is taken, until enough has gone, or no more is taken, or it is cut. */
  async function flood(upgraded: Upgraded, piece: Buffer): Promise<void> {
    const { socket } = upgraded;
    const block = Buffer.concat(Array.from({ length: Math.ceil(MIB / piece.length) }, () => piece));
    socket.pause();
    for (let sent = 0; sent < FLOOD_BYTES && !socket.destroyed; sent += block.length) {
      if (socket.write(block)) continue;
      const isDrained = await eventually(() => socket.destroyed || socket.writableLength === 0, { timeoutMs: 1500 }).catch(
        () => false,
      );
      if (isDrained === false) return;
    }
  }

  it.each([
    ['pings on the plain door', 'plain', frame({ opcode: 9, payload: 'p'.repeat(125) })],
    ['pings on Socket.IO', ENGINE, frame({ opcode: 9, payload: 'p'.repeat(125) })],
    ['handshakes on Socket.IO', ENGINE, text('40/x,')],
    ['requests on the plain door', 'plain', text('{"type":"Ping"}')],
  ])(
    'takes no memory by %s, and others are served meanwhile',
    async (_what, path, piece) => {
      const server = await start({ nodeArgs: ['--max-semi-space-size=1'] });
      const { key } = await server.admin.createKey('production');
      const other = await SseProbe.connect({ url: server.url, key });
      await other.waitForSync();
      const upgraded = await Upgraded.open(server.port, path === 'plain' ? `/sdk/ws?key=${key}` : path);
      open.push(upgraded);
      const before = residentBytes(server);
      let most = 0;
      const watch = setInterval(() => (most = Math.max(most, residentBytes(server) - before)), 20);
      const flooding = flood(upgraded, piece);
      await server.admin.createFlag('meanwhile');
      await other.waitForState((state) => state.has('meanwhile'));
      await flooding;
      clearInterval(watch);
      process.stderr.write(`${_what}: at most ${Math.round(most / MIB)} MiB more\n`);
      expect(most).toBeLessThan(MOST_GROWTH);
      await other.close();
    },
    60_000,
  );
});
