import { beforeAll, describe, expect, it } from '@jest/globals';
import { deep } from '../e2e/support/hostile-frames.js';
import { metric } from '../e2e/support/metrics.js';
import { frame, text, Upgraded } from '../e2e/support/upgraded.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const WITHIN_MS = 50;
const TIMES = 10;
const LONG = 30_000;
const ENGINE = '/socket.io/?EIO=4&transport=websocket';
const MOST = 64 * 1024;

const pieces = (count: number): Buffer[] => Array<Buffer>(count).fill(frame({ opcode: 0, payload: 'x', isFinal: false }));
const listOf = (item: string): string =>
  `[${Array<string>(Math.floor((MOST - 100) / (item.length + 1)))
    .fill(item)
    .join(',')}]`;
const fields = (): string => Array.from({ length: 5000 }, (_, index) => `"f${index}":1`).join(',');

const PLAIN: [string, Buffer][] = [
  ['lists inside each other', text(deep(30_000))],
  ['lists inside each other, in a field', text(`{"type":"Ping","deep":${deep(30_000)}}`)],
  ['a filter as long as a frame', text(`{"type":"Subscribe","flags":${listOf('"a"')}}`)],
  ['unknown fields', text(`{"type":"Ping",${fields()}}`)],
  ['16,000 pieces', Buffer.concat([frame({ opcode: 1, payload: '{', isFinal: false }), ...pieces(16_000), frame({ opcode: 0 })])],
  ['100,000 levels', text(deep(100_000))],
  ['a mebibyte', text('x'.repeat(2 ** 20 + 1))],
];

const SOCKET_IO: [string, Buffer][] = [
  ['lists inside each other', text(`42/sdk,["Ping",${deep(30_000)}]`)],
  ['lists inside each other, in a field', text(`42/sdk,["Ping",{"deep":${deep(30_000)}}]`)],
  ['more arguments than anybody reads', text(`42/sdk,["Ping",${listOf('1').slice(1)}`)],
  ['unknown fields', text(`42/sdk,["Ping",{${fields()}}]`)],
  [
    'bytes instead of a request',
    Buffer.concat([
      text('451-/sdk,["Ping",{"_placeholder":true,"num":0}]'),
      frame({ opcode: 2, payload: Buffer.alloc(MOST - 10) }),
    ]),
  ],
  ['a name as long as a frame', text(`42/sdk,["${'x'.repeat(MOST - 100)}"]`)],
  ['100,000 levels', text(`42/sdk,["Ping",${deep(100_000)}]`)],
];

describe('a frame of the largest size', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;

  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('production'));
  });

  /** Of the whole process, its end of the connection among it: nothing on the event loop can have taken longer than that. */
  async function cpuMsOf(path: string, hello: Buffer, bytes: Buffer): Promise<number> {
    const before = await metric(server, 'process_cpu_seconds_total');
    for (let turn = 0; turn < TIMES; turn += 1) {
      const peer = await Upgraded.open(server.port, path);
      peer.socket.write(hello);
      await eventually(() => peer.text.includes('SyncComplete'), { timeoutMs: LONG });
      const from = peer.text.length;
      peer.socket.write(bytes);
      await eventually(() => peer.isClosed || peer.text.length > from, { timeoutMs: LONG });
      peer.socket.destroy();
    }
    return ((await metric(server, 'process_cpu_seconds_total')) - before) * (1000 / TIMES);
  }

  async function expectQuick(what: string, path: string, hello: Buffer, bytes: Buffer): Promise<void> {
    await cpuMsOf(path, hello, bytes);
    const took = await cpuMsOf(path, hello, bytes);
    process.stdout.write(`${what}: ${took.toFixed(1)} ms of ${WITHIN_MS}\n`);
    expect(took).toBeLessThan(WITHIN_MS);
  }

  it.each(PLAIN)('of %s takes the server less than 50 ms on a plain WebSocket', async (what, bytes) => {
    await expectQuick(what, `/sdk/ws?key=${key}`, Buffer.alloc(0), bytes);
  });

  it.each(SOCKET_IO)('of %s takes the server less than 50 ms on Socket.IO', async (what, bytes) => {
    await expectQuick(what, ENGINE, text(`40/sdk,${JSON.stringify({ key })}`), bytes);
  });
});
