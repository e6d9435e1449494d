import { type EventEmitter } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { HttpAdapterHost } from '@nestjs/core';
import { SyncHub } from '../../src/sync/sync-hub.js';
import { type InProcessNode, useNodes } from '../defects/in-process-node.js';
import { eventually } from '../support/wait.js';
import { DOORS } from './support/crowd.js';

const nodes = useNodes();
const CONNECTIONS = 100;
const SOCKETS = 50;
/** Node's own on a socket, a request and a response, and those that Nest, Express and Flagwire add; seen: 15. */
const MOST_LISTENERS = 16;

let node: InProcessNode;
let key: string;
const clients: Socket[] = [];
const served: EventEmitter[][] = [];

/** A stream whose client has no timer of its own: it is in this process too. */
function open(): void {
  const { hostname, port } = new URL(node.url);
  const client = connect(Number(port), hostname, () => {
    client.write(`GET /sdk/stream?key=${key} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  });
  client.resume();
  clients.push(client);
}

async function openUntil(count: number): Promise<void> {
  while (clients.length < count) open();
  await eventually(
    () => {
      const live = [...node.part(SyncHub).all()].filter((session) => session.isLive);
      return live.length === count;
    },
    { timeoutMs: 20_000, what: `${count} live connections` },
  );
}

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

function listenersOf(emitters: readonly EventEmitter[]): number {
  const counts = emitters.flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)));
  return counts.reduce((sum, count) => sum + count, 0);
}

beforeAll(async () => {
  node = await nodes.start({ settings: { pingMs: 3_600_000, heartbeatMs: 3_600_000 } });
  key = await node.key();
  const server = node.part(HttpAdapterHost).httpAdapter.getHttpServer() as Server;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => served.push([request.socket, request, response]));
  await openUntil(1);
});

afterAll(() => clients.forEach((client) => client.destroy()));

it('an idle connection has no timer, and adds no listener to what all share', async () => {
  const shared = () => [node.followers, listenersOf([process])];
  const before = { timers: timers(), shared: shared() };
  await openUntil(1 + CONNECTIONS);
  await eventually(() => expect({ timers: timers(), shared: shared() }).toEqual(before));
});

it('an idle connection has no interval either, also none that lets the process end', async () => {
  const [made, cleared] = [jest.spyOn(globalThis, 'setInterval'), jest.spyOn(globalThis, 'clearInterval')];
  await openUntil(clients.length + 10);
  // Nest makes one for the handshake, and lets go of it.
  const over = cleared.mock.calls.map(([interval]) => interval);
  const left = made.mock.results.filter(({ value }) => !over.includes(value as NodeJS.Timeout)).length;
  expect(left).toBe(0);
  made.mockRestore();
  cleared.mockRestore();
});

it('each connection has as many listeners as the first, and few', async () => {
  await openUntil(Math.max(clients.length, 1 + CONNECTIONS));
  const streams = served.slice(-(1 + CONNECTIONS)).map(listenersOf);
  expect(new Set(streams).size).toBe(1);
  expect(streams[0]).toBeLessThanOrEqual(MOST_LISTENERS);
});

it.each([
  ['plain WebSocket', 0],
  ['Socket.IO', 2],
] as const)('an idle connection over %s adds nothing to what all share, and %i timers at most', async (door, most) => {
  const shared = () => [node.followers, listenersOf([process, node.part(HttpAdapterHost).httpAdapter.getHttpServer() as Server])];
  const probes = [await DOORS[door].connect({ url: node.url, key })];
  const before = { timers: timers(), shared: shared() };
  for (let more = 0; more < SOCKETS; more += 1) probes.push(await DOORS[door].connect({ url: node.url, key }));
  // The client is in this process, too, and has a timer of its own on Socket.IO: it waits for the server's pings.
  const ofClient = door === 'Socket.IO' ? 1 : 0;
  await eventually(() => expect(timers() - before.timers).toBeLessThanOrEqual((most + ofClient) * SOCKETS));
  expect(shared()).toEqual(before.shared);
  await Promise.all(probes.map((probe) => probe.close()));
});
