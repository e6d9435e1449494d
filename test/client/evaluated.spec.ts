import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluatedFlagClient, type EvaluatedFlagClientOptions } from '@flagwire/client/evaluated';
import { fileCache } from '@flagwire/client/node';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { createEveryKind, HIDDEN } from '../ofrep/support/every-kind.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATIENCE = { timeoutMs: 20_000 };
const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };

describeEachDatabase('EvaluatedFlagClient', (database) => {
  const start = useServers();
  const open: EvaluatedFlagClient[] = [];
  let server: TestServer;
  let key: string;
  /** What was asked for, by every client of the test, and every byte that came of it. */
  let asked: string[];
  let heard: string[];

  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_PING_S: '1' } });
    ({ key } = await server.admin.createKey('production', 'client'));
    await createEveryKind(server.admin);
    await server.admin.createFlag('switched', { default_variant: 'on' });
    await server.admin.createFlag('by-plan');
    await server.admin.patchEnv('by-plan', 'production', { status: 'enabled', targeting: RULE });
  });
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

  const noting = async (input: string, init?: RequestInit): Promise<Response> => {
    const what = `${init?.method ?? 'GET'} ${new URL(input).pathname}`;
    try {
      const response = await fetch(input, init);
      asked.push(`${what} ${response.status}`);
      const [body, copy] = response.body?.tee() ?? [null, null];
      if (copy !== null) void read(copy).catch(() => undefined);
      return new Response(body, response);
    } catch (error) {
      asked.push(`${what} failed`);
      throw error;
    }
  };
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const piece of body) heard.push(Buffer.from(piece).toString());
  };

  function make(options: Partial<EvaluatedFlagClientOptions> = {}): EvaluatedFlagClient {
    const client = new EvaluatedFlagClient({ url: server.url, clientKey: key, fetch: noting, ...options });
    open.push(client);
    asked = [];
    heard = [];
    return client;
  }

  async function live(options: Partial<EvaluatedFlagClientOptions> = {}): Promise<EvaluatedFlagClient> {
    const client = make(options);
    await eventually(() => expect(client.status.state).toBe('live'), PATIENCE);
    return client;
  }

  it('has values of every type, decided by the server, and never a rule', async () => {
    const client = await live({ context: { targetingKey: 'ann', role: 'admin', email: 'ann@example.com', zero: 0 } });
    expect(client.value('b.string', '')).toBe('text');
    expect(client.value('d.float', 0)).toBe(0.5);
    expect(client.value('e.object', {})).toEqual({ a: [1, { b: null }] });
    expect(client.details('f.targeted', false)).toMatchObject({ value: true, variant: 'on', reason: 'TARGETING_MATCH' });
    expect(client.details('i.no-default', true)).toMatchObject({ value: true, variant: null, reason: 'DEFAULT' });
    expect(client.details('j.disabled', true)).toMatchObject({ value: true, reason: 'DISABLED' });
    expect(client.details('l.divides', true)).toMatchObject({ value: true, reason: 'ERROR', error_code: 'GENERAL' });
    expect(client.details('nowhere', true)).toMatchObject({ error_code: 'FLAG_NOT_FOUND' });
    expect(asked).toEqual(['POST /ofrep/v1/evaluate/flags 200', 'GET /ofrep/v1/stream 200']);
    await server.admin.patchEnv('f.targeted', 'production', { targeting: { if: [{ var: HIDDEN }, 'on', 'off'] } });
    await eventually(() => expect(client.value('f.targeted', true)).toBe(false), PATIENCE);
    expect(heard.join('')).toContain('"f.targeted"');
    for (const word of [HIDDEN, 'targeting"', 'description', 'tags', 'owner']) expect(heard.join('')).not.toContain(word);
  });

  it('sees each change, one question for each notice', async () => {
    const client = await live();
    const seen: boolean[] = [];
    client.on('change', () => seen.push(client.value('switched', false)));
    for (const status of ['enabled', 'disabled', 'enabled'] as const) {
      const { cursors } = await server.admin.patchEnv('switched', 'production', { status });
      await eventually(() => expect(client.status.cursor).toBe(cursors['production']), PATIENCE);
    }
    expect(seen).toEqual([true, false, true]);
    expect(asked.filter((what) => what.startsWith('POST'))).toHaveLength(4);
    expect(client.status.state).toBe('live');
  });

  it('is given the values of each context over the one stream that it has', async () => {
    const client = await live({ context: { plan: 'free' } });
    expect(client.value('by-plan', false)).toBe(false);
    await client.setContext({ plan: 'pro' });
    expect(client.details('by-plan', false)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    await expect(client.setContext({ targetingKey: 7 as never })).rejects.toMatchObject({ code: 'context_refused', status: 400 });
    await client.setContext({ plan: 'free', targetingKey: 'ann' });
    expect(client.value('by-plan', true)).toBe(false);
    await eventually(() => expect(client.status.state).toBe('live'), PATIENCE);
    // Of the context that could not be read the stream was let go.
    expect(asked.filter((what) => what.startsWith('GET'))).toHaveLength(2);
  });

  it('is back with a 304 after a restart in which nothing has changed, and hears of what changes then', async () => {
    const client = await live();
    asked = [];
    await server.restart();
    await eventually(() => expect(asked.at(-1)).toBe('GET /ofrep/v1/stream 200'), { timeoutMs: 30_000 });
    await eventually(() => expect(client.status.state).toBe('live'), PATIENCE);
    const answers = asked.filter((what) => !what.endsWith('failed'));
    expect(answers.length).toBeLessThanOrEqual(3);
    expect(answers).not.toContain('POST /ofrep/v1/evaluate/flags 200');
    const { cursors } = await server.admin.patchEnv('switched', 'production', { status: 'disabled' });
    await eventually(() => expect(client.status.cursor).toBe(cursors['production']), PATIENCE);
  });

  it('learns what it has missed while the server was away', async () => {
    const client = await live();
    await server.kill();
    await eventually(() => expect(client.status.state).not.toBe('live'), PATIENCE);
    await server.restart();
    const { cursors } = await server.admin.patchEnv('switched', 'production', { status: 'enabled' });
    await eventually(() => expect(client.status).toMatchObject({ cursor: cursors['production'] }), { timeoutMs: 60_000 });
  });

  it('is told when its key is revoked, and keeps what it has', async () => {
    const made = await server.admin.createKey('production', 'client');
    const client = await live({ clientKey: made.key });
    const errors: string[] = [];
    client.on('error', ({ code }) => errors.push(code));
    await server.admin.revokeKey('production', made.id);
    await eventually(() => expect([errors, client.status.state]).toEqual([['unauthorized'], 'stale']), PATIENCE);
    expect(client.value('b.string', '')).toBe('text');
  });

  it('begins with what a process before it has kept, while the server is away', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagwire-values-'));
    try {
      const cache = () => fileCache(join(folder, 'values'));
      const first = await live({ cache: cache(), context: { plan: 'pro' } });
      await first.close();
      const away = make({
        url: server.url,
        cache: cache(),
        context: { plan: 'pro' },
        fetch: () => Promise.reject(new Error('no')),
      });
      await eventually(() => expect(away.details('by-plan', false)).toMatchObject({ value: true, age_ms: null }), PATIENCE);
      expect(away.status.state).toBe('stale');
      const other = make({ cache: cache(), context: { plan: 'free' }, fetch: () => Promise.reject(new Error('no')) });
      await eventually(() => expect(other.status.transport).toBe('sse'), PATIENCE);
      expect(other.details('by-plan', false)).toMatchObject({ error_code: 'PROVIDER_NOT_READY' });
      expect(readFileSync(join(folder, 'values'), 'utf8')).not.toContain(key);
      const again = await live({ cache: cache(), context: { plan: 'pro' } });
      expect(asked[0]).toBe('POST /ofrep/v1/evaluate/flags 304');
      expect(again.value('by-plan', false)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
