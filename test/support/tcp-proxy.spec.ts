import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase } from './fresh-database.js';
import { listensToPostgres, TcpProxy } from './tcp-proxy.js';
import { eventually, holds } from './wait.js';

let echo: Server;
let proxy: TcpProxy;
let client: Socket;
let received = '';

beforeAll(async () => {
  echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void echo.close());

beforeEach(async () => {
  proxy = await TcpProxy.start((echo.address() as AddressInfo).port);
  received = '';
  client = connect(proxy.port, '127.0.0.1').setEncoding('latin1');
  client.on('data', (text: string) => (received += text)).on('error', () => undefined);
});
afterEach(async () => {
  client.destroy();
  await proxy.stop();
});

const expectArrival = (text: string) => eventually(() => received === text, { timeoutMs: 2000 });

describe('TcpProxy', () => {
  it('passes bytes and the end of a connection on', async () => {
    client.write('hello');
    await expectArrival('hello');
    expect([proxy.accepted, proxy.connections.length]).toEqual([1, 1]);
    client.end();
    await eventually(() => proxy.connections.length === 0);
  });

  it('holds bytes and gives them back in order', async () => {
    client.write('a');
    await expectArrival('a');
    proxy.hold('toClient');
    client.write('b');
    client.write('c');
    await holds(() => received === 'a', 100);
    proxy.release();
    await expectArrival('abc');
  });

  it('drops bytes for good, on chosen connections only', async () => {
    client.write('LISTEN;');
    await expectArrival('LISTEN;');
    proxy.dropServerBytes(listensToPostgres);
    client.write('lost');
    await eventually(() => proxy.connections[0]?.toClient.dropped === 4);
    proxy.stopDropping();
    client.write('!');
    await expectArrival('LISTEN;!');
  });

  it('delays', async () => {
    proxy.delay(150);
    const start = performance.now();
    client.write('a');
    await expectArrival('a');
    expect(performance.now() - start).toBeGreaterThan(295);
  });

  it('throttles', async () => {
    proxy.throttle(10_000, 'toClient');
    const start = performance.now();
    client.write('x'.repeat(5000));
    await eventually(() => received.length === 5000);
    expect(performance.now() - start).toBeGreaterThan(350);
  });

  it('slices what it passes into single bytes', async () => {
    let pieces = 0;
    client.on('data', () => (pieces += 1));
    proxy.slice(true, 'toClient');
    client.write('x'.repeat(500));
    await eventually(() => received.length === 500);
    expect(pieces).toBeGreaterThan(250); // the kernel may join two
    proxy.slice(false);
    client.write('abc');
    await expectArrival(`${'x'.repeat(500)}abc`);
  });

  it('leaves a connection half open', async () => {
    client.write('a');
    await expectArrival('a');
    proxy.connections[0]?.leaveHalfOpen();
    client.write('b');
    await eventually(() => proxy.connections[0]?.toServer.dropped === 1);
    await holds(() => received === 'a' && !client.destroyed, 100);
  });

  it('cuts off what a client is sent after so many bytes, with an orderly end', async () => {
    const ended = new Promise((resolve) => client.once('end', () => resolve('end')));
    proxy.onAccept = (connection) => connection.truncateAfter(3);
    const other = connect(proxy.port, '127.0.0.1').setEncoding('latin1');
    let heard = '';
    other.on('data', (text: string) => (heard += text)).write('abcdef');
    await new Promise<void>((resolve) => other.once('end', resolve));
    expect(heard).toBe('abc');
    await eventually(() => proxy.connections.length === 1); // the first one
    proxy.connections[0]?.truncateAfter(0);
    await expect(ended).resolves.toBe('end');
  });

  it('resets connections', async () => {
    client.write('a');
    await expectArrival('a');
    const failed = new Promise<Error>((resolve) => client.once('error', resolve));
    expect(proxy.resetAll()).toBe(1);
    await expect(failed).resolves.toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses new connections while open ones go on', async () => {
    client.write('a');
    await expectArrival('a');
    proxy.refuse();
    const other = connect(proxy.port, '127.0.0.1');
    await expect(new Promise((resolve) => other.once('error', resolve))).resolves.toMatchObject({
      code: 'ECONNREFUSED',
    });
    client.write('b');
    await expectArrival('ab');
    await proxy.accept();
    const third = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    await new Promise<void>((resolve) => third.once('connect', resolve));
  });
});

describe('TcpProxy before PostgreSQL', () => {
  it('cuts the wake-ups of the listening connection while queries go on', async () => {
    const database = await freshDatabase('proxy');
    const between = await TcpProxy.start(database.url);
    const clients = [1, 2].map(() => new pg.Client({ connectionString: between.through(database.url) }));
    const [listener, other] = clients as [pg.Client, pg.Client];
    const heard: (string | undefined)[] = [];
    listener.on('notification', (message) => heard.push(message.payload));
    for (const each of clients) await each.on('error', () => undefined).connect();
    await listener.query('LISTEN news');
    await other.query("NOTIFY news, 'one'");
    await eventually(() => heard.length === 1);
    between.dropServerBytes(listensToPostgres);
    await other.query("NOTIFY news, 'two'");
    await eventually(() => between.connections.some((connection) => connection.toClient.dropped > 0));
    between.stopDropping();
    await other.query("NOTIFY news, 'three'");
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['one', 'three']);
    for (const each of clients) await each.end();
    await between.stop();
    await database.drop();
  });
});
