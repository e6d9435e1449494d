import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkFrame } from './sse-form.js';
import { SseOutlet } from './sse-outlet.js';

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  outlet: SseOutlet;
}

let server: Server;
let client: Socket;
let received = '';
const exchanges: Exchange[] = [];

beforeEach(async () => {
  server = createServer((request, response) => {
    const outlet = new SseOutlet(request, response, () => response.end());
    exchanges.push({ request, response, outlet });
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Path': request.url }).flushHeaders();
    server.emit('exchange');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
  received = '';
  client.on('data', (text) => (received += String(text))).on('error', () => undefined);
});
afterEach(async () => {
  exchanges.length = 0;
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(text: string, count = 1): Promise<Exchange[]> {
  client.write(text);
  while (exchanges.length < count) await once(server, 'exchange');
  return exchanges;
}

async function arrived(text: string): Promise<void> {
  while (!received.includes(text)) await once(client, 'data');
}

const body = () => received.slice(received.indexOf('\r\n\r\n') + 4);

describe('The outlet of a stream', () => {
  it('writes frames as chunks of HTTP/1.1, and ends them', async () => {
    const [exchange] = await ask('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    exchange!.outlet.send(ChunkFrame.of('one\n\n'));
    exchange!.outlet.gather(() => {
      exchange!.outlet.send(ChunkFrame.of('two\n\n'));
      exchange!.outlet.send(ChunkFrame.of('three\n\n'));
    });
    exchange!.outlet.end('shutdown');
    await arrived('0\r\n\r\n');
    expect(body()).toBe('5\r\none\n\n\r\n5\r\ntwo\n\n\r\n7\r\nthree\n\n\r\n0\r\n\r\n');
  });

  it('writes the bare bytes to an HTTP/1.0 client, which knows no chunks', async () => {
    const [exchange] = await ask('GET /a HTTP/1.0\r\n\r\n');
    exchange!.outlet.send(ChunkFrame.of('one\n\n'));
    exchange!.outlet.send(ChunkFrame.of('two\n\n'));
    exchange!.outlet.end('shutdown');
    await once(client, 'end');
    expect(body()).toBe('one\n\ntwo\n\n');
  });

  it('keeps the order where Node itself holds something back', async () => {
    const [exchange] = await ask('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    const { response, outlet } = exchange!;
    response.cork();
    response.write('zero\n\n');
    outlet.send(ChunkFrame.of('one\n\n'));
    response.uncork();
    outlet.send(ChunkFrame.of('two\n\n'));
    outlet.end('shutdown');
    await arrived('0\r\n\r\n');
    const at = ['zero', 'one', 'two'].map((word) => received.indexOf(word));
    expect(at).toEqual([...at].sort((a, b) => a - b));
  });

  it('waits for its turn behind another stream on the same connection, and throws nothing meanwhile', async () => {
    const [first, second] = await ask('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n', 2);
    expect(second!.outlet.progress).toBeNull();
    second!.outlet.send(ChunkFrame.of('second\n\n'));
    second!.outlet.gather(() => second!.outlet.send(ChunkFrame.of('third\n\n')));
    first!.outlet.send(ChunkFrame.of('first\n\n'));
    first!.outlet.end('shutdown');
    await arrived('third');
    second!.outlet.send(ChunkFrame.of('fourth\n\n'));
    await arrived('fourth');
    const order = ['first', '/b', 'second', 'third', 'fourth'].map((word) => received.indexOf(word));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(received).toContain('8\r\nfourth\n\n\r\n');
  });

  it('counts what has not left, and calls back when it has', async () => {
    const [exchange] = await ask('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    const { outlet } = exchange!;
    client.pause();
    for (let sent = 0; sent < 400; sent++) outlet.send(ChunkFrame.of('x'.repeat(64 * 1024)));
    expect(outlet.needsDrain).toBe(true);
    expect(outlet.unsent).toBeGreaterThan(1_000_000);
    const before = outlet.progress;
    const drained = new Promise<void>((resolve) => outlet.onceDrained(resolve));
    client.resume();
    await drained;
    expect(outlet.unsent).toBe(0);
    expect(outlet.progress).toBeGreaterThan(before ?? Infinity);
  });

  it('swallows what is sent after the end, or when the client is gone', async () => {
    const [exchange] = await ask('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    exchange!.outlet.end('shutdown');
    expect(() => exchange!.outlet.send(ChunkFrame.of('late\n\n'))).not.toThrow();
    exchange!.outlet.destroy();
    expect(() => exchange!.outlet.send(ChunkFrame.of('later\n\n'))).not.toThrow();
    await once(client, 'close');
    expect(received).not.toContain('late');
  });
});
