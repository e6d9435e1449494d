import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SseProbe, SseRefused } from './sse-client.js';

const CURSOR = 'k3x9q0ab.4.mark04';
const STARTED = { type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1 } };

function block(id: string, message: object): string {
  return `id: ${id}\ndata: ${JSON.stringify(message)}\n\n`;
}

const FIRST = 'id: none\nretry: 1500\n\n';
const COLD = FIRST + block('none', STARTED) + block(CURSOR, { type: 'SyncComplete', data: { flag_count: 0 } });

let server: Server | undefined;

async function listen(answer: RequestListener): Promise<string> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

function stream(text: string, ending: 'open' | 'end' | 'reset' = 'open'): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(text);
    if (ending === 'end') response.end();
    if (ending === 'reset') setImmediate(() => response.socket?.resetAndDestroy());
  };
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('SseProbe', () => {
  it('keeps messages, state, cursor, blocks and text', async () => {
    const probe = await SseProbe.connect({ url: await listen(stream(COLD + ': ping\n\n')), key: 'k' });
    await probe.waitForSync();
    await probe.waitForCursor('k3x9q0ab.3.other0');
    expect(probe.messages.map((message) => message.type)).toEqual(['SyncStarted', 'SyncComplete']);
    expect([probe.cursor, probe.retry, probe.raw.slice(0, FIRST.length)]).toEqual([CURSOR, 1500, FIRST]);
    expect(probe.comments).toEqual([' ping']);
    probe.assertInOrder();
    await expect(probe.close()).resolves.toEqual({ by: 'client' });
  });

  it('sends key, cursor and filter where it is told to', async () => {
    const seen: (string | undefined)[] = [];
    const url = await listen((request, response) => {
      seen.push(request.url, request.headers.authorization, request.headers['last-event-id']?.toString());
      stream(COLD)(request, response);
    });
    const first = await SseProbe.connect({ url, key: 'k1', cursor: CURSOR, flags: ['a', 'b.*'] });
    const second = await SseProbe.connect({ url, key: 'k1', keyIn: 'query', cursor: CURSOR, cursorIn: 'query' });
    await Promise.all([first.close(), second.close()]);
    expect(seen).toEqual([
      ...['/sdk/stream?flags=a%2Cb.*', 'Bearer k1', CURSOR],
      ...[`/sdk/stream?key=k1&last_event_id=${CURSOR}`, undefined, undefined],
    ]);
  });

  it('throws a refusal with its problem', async () => {
    const url = await listen((_request, response) => {
      response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end('{"code":"key_unknown"}');
    });
    const refused = await SseProbe.connect({ url }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SseRefused);
    expect(refused).toMatchObject({ status: 401, body: { code: 'key_unknown' } });
  });

  it.each([
    ['end', 'server'],
    ['reset', 'error'],
  ] as const)('tells how the connection ended: %s', async (ending, by) => {
    const probe = await SseProbe.connect({ url: await listen(stream(COLD, ending)) });
    await expect(probe.closed).resolves.toMatchObject({ by });
    await expect(probe.waitFor(() => false, 1000)).rejects.toThrow(`the connection ended (${by})`);
  });

  it('goes on where it stood', async () => {
    const url = await listen((request, response) => {
      const cursor = request.headers['last-event-id'];
      const delta = { type: 'SyncStarted', data: { mode: 'delta', connection_id: 'd', protocol: 1 } };
      const done = { type: 'SyncComplete', data: { flag_count: 0 } };
      const resumed = `id: ${CURSOR}\nretry: 1500\n\n${block(CURSOR, delta)}${block(CURSOR, done)}`;
      stream(cursor === CURSOR ? resumed : COLD)(request, response);
    });
    const first = await SseProbe.connect({ url });
    await first.waitForSync();
    await first.close();
    const second = await first.reconnect();
    await second.waitForSync();
    expect(second.messages[0]?.data).toMatchObject({ mode: 'delta' });
    second.assertInOrder();
    await second.close();
  });

  it.each([
    ['no first block', COLD.slice(FIRST.length), 'the first block is not id and retry'],
    ['an event line', `${COLD}event: x\n${block(CURSOR, { type: 'Pong', data: {} })}`, 'an event line'],
    ['no id', `${COLD}data: {"type":"Pong","data":{}}\n\n`, 'without an id'],
    ['an unknown type', COLD + block(CURSOR, { type: 'News', data: {} }), 'unknown type'],
    [
      'a Goodbye without its retry',
      COLD + block(CURSOR, { type: 'Goodbye', data: { reason: 'shutdown', retry_after_ms: 700 } }),
      'the newest retry was 1500',
    ],
  ])('reports %s', async (_breach, text, says) => {
    const probe = await SseProbe.connect({ url: await listen(stream(text, 'end')) });
    await probe.closed;
    expect(() => probe.assertInOrder()).toThrow(says);
  });
});
