import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagSyncClient, type FlagSyncClientOptions, type Site, type Transport } from '@flagwire/client';
import { fileCache } from '@flagwire/client/node';
import { eventSource, longPoll, poll, socketIo, sse, webSocket } from '@flagwire/client/transports';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { hasOpenssl, makeCertificates } from '../support/certs.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { frameOf, Front, head, type Nonsense, openingOf } from './support/front.js';

const PATIENCE = { timeoutMs: 30_000 };
/** How it sees what was open end, when another begins to answer. */
const ENDS = ['connection_lost', 'connection_failed', 'connection_ended'];
const HUGE = 10 * 1024 * 1024;
const HTML = '<html><p>Sign in</p></html>';
const STREAM = { 'Content-Type': 'text/event-stream' };
/** A full sync with another flag, which is cut off in the middle of the next. */
const HALF_A_SYNC = [
  '{"type":"SyncStarted","data":{"mode":"full","connection_id":"c","protocol":1},"id":"none"}',
  '{"type":"Flag',
];

const redirect: Nonsense = () => head('302 Found', { Location: 'http://127.0.0.1:9/', 'Content-Length': 0 });
const nothing: Nonsense = () => head('204 No Content');
const page: Nonsense = () => head('200 OK', { 'Content-Type': 'text/html', 'Content-Length': HTML.length }) + HTML;
const streamed =
  (text: string): Nonsense =>
  () =>
    head('200 OK', { ...STREAM, 'Content-Length': HUGE * 2 }) + text;
const polled =
  (text: string): Nonsense =>
  () =>
    head('200 OK', { 'Content-Length': HUGE }) + text;
const framed =
  (bytes: number, text: string): Nonsense =>
  (request) =>
    Buffer.concat([Buffer.from(openingOf(request)), frameOf(bytes), Buffer.from(text)]);

const doors: Record<string, [make: (site: Site) => Transport, cases: [what: string, nonsense: Nonsense, code: string][]]> = {
  sse: [
    sse,
    [
      ['a redirect', redirect, 'redirected'],
      ['204', nothing, 'not_a_stream'],
      ['a page', page, 'not_a_stream'],
      ['a body that is cut off', streamed(HALF_A_SYNC.map((data) => `id: none\ndata: ${data}`).join('\n\n')), 'connection_lost'],
      ['a frame of 10 MiB', streamed(`data: ${'x'.repeat(HUGE)}`), 'message_too_large'],
      ['words that are no messages', streamed('data: sign in\n\n'), 'malformed_message'],
    ],
  ],
  websocket: [
    (site) => webSocket(site, WebSocket),
    [
      ['a redirect', redirect, 'connection_failed'],
      ['204', nothing, 'connection_failed'],
      ['a page', page, 'connection_failed'],
      ['a frame that is cut off', framed(1000, HALF_A_SYNC.join('')), 'connection_lost'],
      ['a frame of 10 MiB', framed(HUGE, 'x'), 'message_too_large'],
      ['words that are no messages', framed(7, 'sign in'), 'malformed_message'],
    ],
  ],
  'event-source': [
    (site) => eventSource(site, EventSource),
    [
      // It follows, and nobody is there.
      ['a redirect', redirect, 'connection_failed'],
      ['204', nothing, 'connection_failed'],
      ['a page', page, 'connection_failed'],
      ['a body that is cut off', streamed(HALF_A_SYNC.map((data) => `id: none\ndata: ${data}`).join('\n\n')), 'connection_lost'],
      ['a frame of 10 MiB', streamed(`data: ${'x'.repeat(HUGE)}\n\n`), 'message_too_large'],
      ['words that are no messages', streamed('data: sign in\n\n'), 'malformed_message'],
    ],
  ],
  'socket.io': [
    (site) => socketIo(site, io),
    [
      ['a redirect', redirect, 'connection_failed'],
      ['204', nothing, 'connection_failed'],
      ['a page', page, 'connection_failed'],
      ['words that are no packets', framed(7, 'sign in'), 'connection_failed'],
    ],
  ],
  'long-poll': [longPoll, polls()],
  poll: [poll, polls()],
};

function polls(): [string, Nonsense, string][] {
  return [
    ['a redirect', redirect, 'redirected'],
    ['204', nothing, 'not_a_stream'],
    ['a page', page, 'malformed_answer'],
    ['a body that is cut off', polled('{"flags": ['), 'connection_lost'],
    ['a body of 10 MiB', polled('x'.repeat(HUGE)), 'malformed_answer'],
  ];
}

describe('A client that is answered nonsense', () => {
  const start = useServers();
  const open: FlagSyncClient[] = [];
  let server: TestServer;
  let front: Front;
  let key: string;

  beforeAll(async () => {
    server = await start({ env: { FLAGWIRE_TICKETS_PER_MINUTE: '1000' } });
    front = await Front.start(server.port);
    ({ key } = await server.admin.createKey('production'));
    await server.admin.createFlag('kept', { default_variant: 'on' });
    await server.admin.patchEnv('kept', 'production', { status: 'enabled' });
  });
  afterEach(async () => {
    front.turn(null);
    await Promise.all(open.splice(0).map((client) => client.close()));
  });
  afterAll(() => front.stop());

  function make(options: Partial<FlagSyncClientOptions> = {}) {
    const credential = options.ticket === undefined ? { sdkKey: key } : {};
    const client = new FlagSyncClient({ url: front.url, ...credential, ...options });
    open.push(client);
    const codes: string[] = [];
    client.on('error', ({ code }) => codes.push(code));
    return { client, codes };
  }

  async function ticket() {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const answer = await httpRequest(`${server.url}/sdk/ticket`, { method: 'POST', headers, body: '{}' });
    return answer.json() as { ticket: string; expires_in: number };
  }

  function expectLastKnownGood(client: FlagSyncClient): void {
    expect([client.status.state, client.value('kept', false), client.details('kept', false).reason]).toEqual([
      'stale',
      true,
      'STATIC',
    ]);
    expect([client.all().map(({ id }) => id), client.value('never-heard-of', 'fallback')]).toEqual([['kept'], 'fallback']);
  }

  describe.each(Object.entries(doors))('over %s', (name, [transport, cases]) => {
    // A poll comes every half minute, and its own clock may as well be a fast one.
    const clock = name === 'poll' ? { clock: times(10) } : {};
    const credential = name === 'event-source' ? { ticket } : {};

    it.each(cases)('has a code for %s, shows its last known good, and comes back', async (_what, nonsense, code) => {
      const { client, codes } = make({ ...clock, ...credential, transports: (site) => [transport(site)] });
      await client.ready({ timeout_ms: 300_000 });
      const { cursor } = client.status;
      front.turn(nonsense);
      await eventually(() => expect(codes).toContain(code), { ...PATIENCE, what: code });
      expectLastKnownGood(client);
      expect(client.status.cursor).toBe(cursor);
      front.turn(null);
      await eventually(() => ['live', 'polling'].includes(client.status.state), { ...PATIENCE, what: 'the way back' });
      expect(client.value('kept', false)).toBe(true);
      expect(codes.filter((other) => ![code, ...ENDS].includes(other))).toEqual([]);
    });
  });

  skipIf(!hasOpenssl(), 'openssl is not installed').it('has a code for a certificate that nobody signed', async () => {
    const { key: secret, cert } = await makeCertificates();
    const tls = createTlsServer({ key: secret, cert }, (_request, response) => void response.end());
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    try {
      const answer = await httpRequest(`${server.url}/sdk/poll`, { headers: { Authorization: `Bearer ${key}` } });
      const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
      const { client, codes } = make({ url, bootstrap: answer.json() });
      await eventually(() => codes.includes('tls_failed'), { ...PATIENCE, what: 'tls_failed' });
      expectLastKnownGood(client);
    } finally {
      tls.closeAllConnections();
      await new Promise((resolve) => tls.close(resolve));
    }
  });

  describe('by its cache', () => {
    const away = () => head('503 Service Unavailable', { 'Content-Length': 0 });
    let folder: string;
    let path: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'flagwire-nonsense-'));
      path = join(folder, 'flags');
      const { client } = make({ cache: fileCache(path) });
      await client.ready(PATIENCE_OF_READY);
      await client.close();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('begins with what was kept, where that is whole', async () => {
      front.turn(away);
      const { client, codes } = make({ cache: fileCache(path) });
      await eventually(() => codes.includes('http_status'), PATIENCE);
      expectLastKnownGood(client);
    });

    it.each([
      ['that was cut off', (text: string) => text.slice(0, -20)],
      ['with another flag in it', (text: string) => text.replace('kept', 'kepT')],
      ['of another program', () => '{}'],
      ['without a byte', () => ''],
      ['of bytes that are no text', () => '\u0000\ufffd'.repeat(50)],
    ])('says that one is corrupt %s, begins cold, and gets the flags from the server', async (_what, spoil) => {
      const spoilt = join(folder, 'spoilt');
      writeFileSync(spoilt, spoil(readFileSync(path, 'utf8')));
      front.turn(away);
      const { client, codes } = make({ cache: fileCache(spoilt) });
      await eventually(() => codes.includes('http_status'), PATIENCE);
      expect(codes[0]).toBe('cache_corrupt');
      expect(client.details('kept', false)).toMatchObject({ value: false, error_code: 'PROVIDER_NOT_READY' });
      front.turn(null);
      await client.ready(PATIENCE_OF_READY);
      expect(client.value('kept', false)).toBe(true);
    });

    it('says that it cannot be read, nor written', async () => {
      const taken = join(folder, 'taken');
      mkdirSync(taken);
      const { client, codes } = make({ cache: fileCache(taken) });
      await client.ready(PATIENCE_OF_READY);
      await eventually(() => codes.includes('cache_unwritable'), PATIENCE);
      expect([codes[0], client.value('kept', false)]).toEqual(['cache_unreadable', true]);
    });
  });
});

const PATIENCE_OF_READY = { timeout_ms: 30_000 };

/** A clock that runs so many times as fast. */
function times(factor: number): NonNullable<FlagSyncClientOptions['clock']> {
  return {
    now: () => performance.now() * factor,
    setTimeout: (callback, ms) => setTimeout(callback, ms / factor),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
}
