import { createServer, type Server } from 'node:http';
import { createServer as createRawServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RawHttp } from './raw-http.js';
import { eventually } from './wait.js';

let server: Server;
let port: number;
let written = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/chunked') {
      response.write('one');
      setTimeout(() => response.end('two'), 20);
    } else if (request.url === '/flood') {
      const pour = (): void => {
        let more = !response.destroyed;
        while (more) {
          written += 65_536;
          more = response.write(Buffer.alloc(65_536));
        }
      };
      response.on('drain', pour);
      pour();
    } else {
      response.setHeader('Content-Length', 5).end('whole');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('RawHttp', () => {
  it('reads chunks as they come, and what was pipelined behind them', async () => {
    const client = await RawHttp.connect({ port });
    await client.request({ path: '/chunked' });
    await client.request({ path: '/whole' });
    expect(await client.readHead()).toMatchObject({ status: 200, version: '1.1' });
    expect((await client.nextPiece())?.toString()).toBe('one');
    expect((await client.nextPiece())?.toString()).toBe('two');
    expect(await client.nextPiece()).toBeNull();
    expect((await client.readHead()).headers.get('content-length')).toBe('5');
    expect((await client.readBody()).toString()).toBe('whole');
    expect(client.chunks).toBe(2);
    client.destroy();
    await expect(client.closed).resolves.toBe('client');
  });

  it('reads a body of HTTP/1.0 up to the end of the connection', async () => {
    const client = await RawHttp.connect({ port });
    await client.request({ path: '/chunked', version: '1.0' });
    expect((await client.readHead()).headers.has('transfer-encoding')).toBe(false);
    expect((await client.readBody()).toString()).toBe('onetwo');
    await expect(client.closed).resolves.toBe('end');
  });

  it('takes the answer to HEAD for one without a body', async () => {
    const client = await RawHttp.connect({ port });
    await client.request({ method: 'HEAD', path: '/whole' });
    await client.request({ path: '/whole' });
    await client.readHead('HEAD');
    expect(await client.nextPiece()).toBeNull();
    await client.readHead();
    expect((await client.readBody()).toString()).toBe('whole');
    client.destroy();
  });

  it('sends what no client would', async () => {
    const client = await RawHttp.connect({ port });
    await client.send('NONSENSE\r\n\r\n');
    expect((await client.readHead()).status).toBe(400);
    client.destroy();
  });

  it('reads nothing while paused', async () => {
    const client = await RawHttp.connect({ port, paused: true });
    written = 0;
    await client.request({ path: '/flood' });
    await eventually(async () => {
      const before = written;
      await sleep(100);
      return before > 0 && written === before;
    });
    expect(client.bytesReceived).toBe(0);
    client.reset();
  });

  it('reads no faster than it is told', async () => {
    const client = await RawHttp.connect({ port, bytesPerSecond: 100_000, discard: true });
    await client.request({ path: '/flood' });
    await sleep(500);
    expect(client.bytesReceived).toBeGreaterThan(5000);
    expect(client.bytesReceived).toBeLessThan(70_000);
    client.reset();
  });

  it('gives up on a body that ends without what is waited for', async () => {
    const client = await RawHttp.connect({ port });
    await client.request({ path: '/chunked' });
    await client.readHead();
    await expect(client.readUntil('three')).rejects.toThrow('the body ended without "three": onetwo');
    client.destroy();
  });

  it('refuses chunks that are broken', async () => {
    const broken = createRawServer((socket) => {
      socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\ndata: two\r\n');
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const client = await RawHttp.connect({ port: (broken.address() as AddressInfo).port });
    await client.readHead();
    await client.nextPiece();
    await expect(client.nextPiece()).rejects.toThrow('not the size of a chunk: "data: two"');
    client.destroy();
    broken.close();
  });
});
