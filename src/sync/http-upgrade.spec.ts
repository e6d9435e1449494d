import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Refusals } from '../common/refusals.js';
import { giveBack, refuseBare } from './http-upgrade.js';

let server: Server;
let client: Socket;
let received = '';
const refusals = new Refusals();

beforeEach(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => response.end(`${request.method} ${request.url} ${JSON.stringify(request.headers)} <${body}>`));
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade === 'websocket')
      refuseBare(socket, { status: 404, code: 'route_not_found', detail: 'Not here.' }, refusals);
    else giveBack(server, request, socket, head);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
  received = '';
  client.on('data', (text) => (received += String(text)));
});
afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function arrived(pattern: RegExp): Promise<string> {
  while (!pattern.test(received)) await once(client, 'data');
  return received;
}

describe('An upgrade to what the server does not know', () => {
  it('is passed over: the request is answered as if nothing had been offered', async () => {
    client.write(
      'GET /poll?a=b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    );
    expect(await arrived(/<.*>/)).toContain('GET /poll?a=b {"host":"x","connection":""} <>');
  });

  it('keeps the body, and the connection for what comes after it', async () => {
    const head =
      'POST /write HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 11\r\n\r\n';
    client.write(`${head}hello`);
    await new Promise((resolve) => setImmediate(resolve));
    client.write(' world');
    const answer = await arrived(/<.*>/);
    expect(answer).toMatch(/POST \/write \{.*"connection":"keep-alive".*\} <hello world>/);
    client.write('GET /next HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await arrived(/GET \/next \{"host":"x"\} <>/)).toContain('200 OK');
  });
});

describe('An upgrade that nobody takes', () => {
  it('is a problem document, the end of the connection, and counted', async () => {
    client.write('GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(client, 'end');
    expect(received).toMatch(/^HTTP\/1\.1 404 Not Found\r\nContent-Type: application\/problem\+json\r\n/);
    expect(JSON.parse(received.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 404, code: 'route_not_found' });
    expect([...refusals.byCode()]).toEqual([['route_not_found', 1]]);
  });
});
