import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChangeSet, FlagSyncClient, type FlagSyncClientOptions } from '@flagwire/client';
import { flagdEvaluator } from '@flagwire/client/evaluate';
import { fileCache } from '@flagwire/client/node';
import { eventSource, longPoll, poll, sse, webSocket } from '@flagwire/client/transports';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';
import { freePort } from '../support/free-port.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATIENCE = { timeoutMs: 20_000 };
const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };

describeEachDatabase('FlagSyncClient', (database) => {
  const start = useServers();
  const open: FlagSyncClient[] = [];
  let server: TestServer;
  let key: string;

  beforeAll(async () => {
    server = await start({ database });
    ({ key } = await server.admin.createKey('production'));
    await server.admin.createFlag('kept', { default_variant: 'on' });
    await server.admin.patchEnv('kept', 'production', { status: 'enabled' });
  });
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

  function make(options: Partial<FlagSyncClientOptions> = {}): FlagSyncClient {
    const credential = options.ticket === undefined ? { sdkKey: key } : {};
    const client = new FlagSyncClient({ url: server.url, ...credential, ...options });
    open.push(client);
    return client;
  }

  async function ready(options: Partial<FlagSyncClientOptions> = {}): Promise<FlagSyncClient> {
    const client = make(options);
    await client.ready({ timeout_ms: 20_000 });
    return client;
  }

  /** A flag that is enabled in production; gives the cursor of that. */
  async function newFlag(id: string, fields: object = {}, edit: object = {}): Promise<string> {
    await server.admin.createFlag(id, fields);
    const { cursors } = await server.admin.patchEnv(id, 'production', { status: 'enabled', ...edit });
    return cursors['production'] ?? '';
  }

  it('gives the values of the server, of every type, and decides targeting with its evaluator', async () => {
    const types: [string, unknown, unknown][] = [
      ['string', 'blue', 'red'],
      ['number', 4.5, 0],
      ['object', { deep: [1, { two: null }] }, {}],
    ];
    for (const [value_type, x] of types) await newFlag(value_type, { value_type, variants: { x }, default_variant: 'x' });
    const cursor = await newFlag('targeted', {}, { targeting: RULE });
    const client = await ready({ evaluator: flagdEvaluator() });
    await client.waitFor(cursor);
    for (const [id, value, fallback] of types) expect(client.value(id, fallback)).toEqual(value);
    expect(client.value('targeted', false, { plan: 'pro' })).toBe(true);
    expect(client.details('targeted', true, { plan: 'free' })).toMatchObject({ value: false, reason: 'TARGETING_MATCH' });
    const plain = await ready();
    expect(plain.details('targeted', false)).toMatchObject({ value: false, error_code: 'EVALUATOR_MISSING' });
  });

  it('sees the kill switch, and waitFor is there with it', async () => {
    const client = await ready();
    await newFlag('switched', { default_variant: 'on' });
    const types: string[] = [];
    client.on('event', ({ id, type }) => id === 'switched' && types.push(type));
    const { cursors } = await server.admin.patchEnv('switched', 'production', { status: 'disabled' });
    await client.waitFor(cursors['production'] ?? '');
    expect(client.details('switched', false)).toMatchObject({ value: false, reason: 'DISABLED' });
    expect(types.at(-1)).toBe('FlagStatusChanged');
  });

  it('shows a change set to its listeners as a whole', async () => {
    const ids = ['one', 'two', 'three'].map((id) => `set.${id}`);
    for (const id of ids) await newFlag(id);
    const client = await ready({ flags: ['set.*'] });
    const seen: unknown[] = [];
    const look = () => ids.map((id) => client.value(id, false));
    client.on('change', ({ changes }) => seen.push([changes.length, look()]));
    client.on('event', () => seen.push(look()));
    const { body } = await server.admin.changeSet(
      'production',
      ids.map((flag) => ({ flag, default_variant: 'on' })),
    );
    await client.waitFor(body.cursor);
    const all = [true, true, true];
    expect(seen).toEqual([[3, all], all, all, all]);
  });

  it('waits for a change that is not there yet, for that long and no longer', async () => {
    const client = await ready();
    const { cursor } = client.status;
    const next = (cursor ?? '').replace(/\.(\d+)\./, (_, revision: string) => `.${Number(revision) + 1000}.`);
    await expect(client.waitFor(next, { timeout_ms: 100 })).rejects.toMatchObject({ code: 'wait_timeout' });
    await client.waitFor(cursor ?? '', { timeout_ms: 0 });
  });

  it.each(['sse', 'websocket', 'poll'])('subscribes to other flags while it runs (%s)', async (name) => {
    const makers = { sse, websocket: (site: Parameters<typeof sse>[0]) => webSocket(site, WebSocket), poll };
    await newFlag(`mine.${name}`);
    await newFlag(`yours.${name}`);
    const transport = makers[name as 'sse'];
    const client = await ready({ flags: ['mine.*'], transports: (site) => [transport(site)] });
    const ids = () => client.all().map(({ id }) => id);
    expect([ids().includes(`mine.${name}`), ids().includes(`yours.${name}`)]).toEqual([true, false]);
    await client.subscribe(['yours.*'], { timeout_ms: 20_000 });
    expect([ids().includes(`mine.${name}`), ids().includes(`yours.${name}`)]).toEqual([false, true]);
    await client.subscribe(null, { timeout_ms: 20_000 });
    expect(ids()).toEqual(expect.arrayContaining([`mine.${name}`, `yours.${name}`]));
  });

  it('starts from its cache while no server is there, stale, and goes on from its cursor', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagwire-api-'));
    try {
      const cache = () => fileCache(join(folder, 'flags'));
      const first = await ready({ cache: cache() });
      const { cursor } = first.status;
      await first.close();
      const modes: ChangeSet[] = [];
      const url = `http://127.0.0.1:${await freePort()}`;
      const elsewhere = make({ cache: cache(), url });
      await expect(elsewhere.ready({ timeout_ms: 200 })).rejects.toMatchObject({ code: 'ready_timeout' });
      expect(elsewhere.value('kept', false)).toBe(false); // of another server

      await server.kill();
      const second = make({ cache: cache() });
      second.on('change', (change) => modes.push(change));
      await eventually(() => second.status.state === 'stale', PATIENCE);
      expect([second.value('kept', false), second.status.cursor]).toEqual([true, cursor]);
      await server.restart();
      await second.ready({ timeout_ms: 60_000 });
      // One from the cache; the delta had nothing.
      expect([second.status.state === 'stale', modes.length]).toEqual([false, 1]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('shows bootstrap data, as a poll answers them, before the server is asked', async () => {
    const answer = await httpRequest(`${server.url}/sdk/poll`, { headers: { Authorization: `Bearer ${key}` } });
    const client = make({ bootstrap: answer.json() });
    expect([client.value('kept', false), client.status.state]).toEqual([true, 'stale']);
    await client.ready({ timeout_ms: 20_000 });
    expect(client.status.state).toBe('live');
  });

  it('gives every change to a loop, until it is closed', async () => {
    const client = await ready({ flags: ['loop.*'] });
    const ids: string[] = [];
    const loop = (async () => {
      for await (const { changes } of client) ids.push(...changes.map(({ id }) => id));
    })();
    for (const id of ['loop.a', 'loop.b']) await newFlag(id);
    await eventually(() => client.definition('loop.b')?.status === 'enabled', PATIENCE);
    await client.close();
    await loop;
    expect(ids).toEqual(['loop.a', 'loop.a', 'loop.b', 'loop.b']);
  });

  it('is two clients where two are made: each with its own flags and its own end', async () => {
    const one = await ready({ flags: ['kept'] });
    const two = await ready();
    await one.close();
    const cursor = await newFlag('for-two');
    await two.waitFor(cursor);
    expect([one.definition('for-two'), one.value('kept', false), two.definition('for-two')?.id]).toEqual([null, true, 'for-two']);
  });

  it('connects by a ticket of its backend, over what a page has', async () => {
    const ticket = async () => {
      const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
      const answer = await httpRequest(`${server.url}/sdk/ticket`, { method: 'POST', headers, body: '{}' });
      return answer.json() as { ticket: string; expires_in: number };
    };
    for (const transports of [undefined, (site: Parameters<typeof sse>[0]) => [eventSource(site, EventSource)]]) {
      const client = await ready({ ticket, ...(transports && { transports }) });
      expect(client.value('kept', false)).toBe(true);
    }
  });

  it('says why it has no flags, and has them once the key is good', async () => {
    const { key: gone, id } = await server.admin.createKey('production');
    await server.admin.revokeKey('production', id);
    const client = make({ sdkKey: gone });
    const errors: { code: string; message: string }[] = [];
    client.on('error', ({ code, message }) => errors.push({ code, message }));
    await expect(client.ready({ timeout_ms: 1500 })).rejects.toMatchObject({ code: 'ready_timeout' });
    expect(errors.map(({ code }) => code)).toEqual(['unauthorized']);
    expect(JSON.stringify(errors)).not.toContain(gone);
    expect(client.details('kept', 'x')).toMatchObject({ value: 'x', error_code: 'PROVIDER_NOT_READY' });
  });

  it('falls back to polls where a proxy lets no stream through, and says so', async () => {
    const proxy = createServer((request, response) => {
      if (!request.url?.startsWith('/sdk/poll')) return void response.writeHead(404).end();
      const { headers } = request;
      void httpRequest(`${server.url}${request.url}`, { headers: { authorization: headers.authorization ?? '' } }).then(
        (answer) => response.writeHead(answer.status).end(answer.text),
      );
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const client = await ready({ url, transports: (site) => [sse(site), longPoll(site), poll(site)] });
      expect(client.status).toMatchObject({ state: 'polling', transport: 'poll' });
      expect(client.value('kept', false)).toBe(true);
      await client.close();
    } finally {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    }
  });
});
