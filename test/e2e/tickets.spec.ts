import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminAnswer } from '../support/admin-client.js';
import { filterHash, parseCursor } from '../support/cursor.js';
import { SseProbe, type SseOptions } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually, within } from '../support/wait.js';
import { knock } from './support/knock.js';

const start = useServers();
const ENV = { FLAGWIRE_TICKETS_PER_MINUTE: '1000' };
let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await start({ env: ENV });
  key = (await server.admin.createKey('production')).key;
  for (const id of ['checkout.new', 'checkout.old', 'search.fast']) await server.admin.createFlag(id);
});

interface Issued {
  ticket: string;
  expires_in: number;
}

function ask(body?: object, text = key, headers: Record<string, string> = {}, node = server): Promise<AdminAnswer> {
  return node.admin.as(text).request('POST', '/sdk/ticket', body, headers);
}

async function issue(flags?: string[] | null, text = key, node = server): Promise<Issued> {
  const answer = await ask(flags === undefined ? {} : { flags }, text, {}, node);
  expect(answer.status).toBe(200);
  return answer.body as Issued;
}

async function sync(options: Partial<SseOptions>): Promise<SseProbe> {
  const probe = await SseProbe.connect({ url: server.url, ...options });
  await probe.waitForSync();
  return probe;
}

describe('a ticket', () => {
  it('is given to a server key that comes in a header, for an hour', async () => {
    for (const answer of [
      await ask({}),
      await ask({ flags: null }),
      await ask(undefined, key),
      await ask({}, '', { 'X-API-Key': key }),
    ]) {
      expect(answer.status).toBe(200);
      expect((answer.body as Issued).ticket).toMatch(/^fw_tkt_/);
      const { expires_in } = answer.body as Issued;
      expect(expires_in).toBeGreaterThan(3590);
      expect(expires_in).toBeLessThanOrEqual(3600);
      expect(answer.headers['cache-control']).toContain('no-store');
    }
  });

  it('is given to nothing else', async () => {
    const { key: client } = await server.admin.createKey('production', 'client');
    const { ticket } = await issue();
    const query = await server.admin.as(null).request('POST', `/sdk/ticket?key=${key}`, {});
    const chain = await server.admin.as(null).request('POST', `/sdk/ticket?ticket=${ticket}`, {});
    const answers = [
      await ask({}, client),
      query,
      chain,
      await ask({}, ticket),
      await server.admin.request('POST', '/sdk/ticket', {}),
    ];
    expect(answers.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual([
      [403, 'client_key_forbidden'],
      [400, 'invalid_input'],
      [401, 'ticket_not_accepted'],
      [401, 'wrong_credential_kind'],
      [401, 'wrong_credential_kind'],
    ]);
    const wrong = [{ flags: 'a' }, { flags: [] }, { flags: ['a*b'] }, { flags: [1] }];
    for (const body of wrong) expect(await ask(body)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  });

  it('opens a stream of all flags, as often as it is shown', async () => {
    const { ticket } = await issue();
    const first = await sync({ ticket });
    expect([...first.state.keys()].sort()).toEqual(['checkout.new', 'checkout.old', 'search.fast']);
    const again = await Promise.all([1, 2, 3, 4].map(() => sync({ ticket })));
    for (const probe of [first, ...again]) {
      probe.assertInOrder();
      await probe.close();
    }
  });

  it('brings a client back to where it was, as an EventSource comes back to its URL', async () => {
    const { ticket } = await issue();
    const before = await sync({ ticket });
    await before.close();
    const { cursors } = await server.admin.patchEnv('search.fast', 'production', { status: 'enabled' });
    const { ticket: renewed } = await issue();
    for (const back of [await before.reconnect(), await before.reconnect({ ticket: renewed, cursorIn: 'query' })]) {
      await back.waitForCursor(String(cursors['production']));
      expect(back.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'delta' } });
      expect(back.state.get('search.fast')?.status).toBe('enabled');
      back.assertInOrder();
      await back.close();
    }
  });

  it('is not accepted where it does not belong', async () => {
    const { ticket } = await issue();
    const { url } = server;
    expect(await knock('/sdk/poll', { url, ticket })).toMatchObject({ status: 401, code: 'ticket_not_accepted' });
    for (const keyIn of ['bearer', 'x-api-key', 'query'] as const) {
      const answer = await knock('/sdk/stream', { url, key: ticket, keyIn });
      expect(answer).toMatchObject({ status: 401, code: 'wrong_credential_kind' });
    }
    expect(await knock('/sdk/stream', { url, ticket, key })).toMatchObject({ status: 400, code: 'invalid_input' });
    expect(await knock('/sdk/stream', { url, ticket: key })).toMatchObject({ status: 401 });
    expect(await knock('/sdk/stream', { url, ticket, env: 'staging' })).toMatchObject({ status: 403, code: 'wrong_environment' });
  });

  it('cannot be forged, widened or prolonged', async () => {
    const { ticket } = await issue(['search.fast']);
    const [body = '', signature = ''] = ticket.split('.');
    const payload = body.slice('fw_tkt_'.length);
    const text = Buffer.from(payload, 'base64url').toString();
    expect(text).toContain('search.fast');
    const encode = (changed: string) => `fw_tkt_${Buffer.from(changed).toString('base64url')}.${signature}`;
    const forged = [
      encode(text.replace('"search.fast"', 'null')),
      encode(text.replace(/\d{13}/, '9999999999999')),
      `${body}.${signature.slice(0, -2)}AA`,
      `${body}.${Buffer.alloc(32).toString('base64url')}`,
      `${body}.`,
      body,
      `${ticket}x`,
      'fw_tkt_',
    ];
    for (const fake of forged)
      expect(await knock('/sdk/stream', { url: server.url, ticket: fake })).toMatchObject({ status: 401 });
  });
});

describe("a ticket's filter", () => {
  it('holds where the stream asks for nothing', async () => {
    const { ticket } = await issue(['checkout.*']);
    const probe = await SseProbe.connect({ url: server.url, ticket });
    await probe.waitFor(({ type }) => type === 'SyncComplete');
    expect([...probe.state.keys()].sort()).toEqual(['checkout.new', 'checkout.old']);
    expect(parseCursor(probe.cursor)?.filter).toBe(filterHash(['checkout.*']));
    const outside = await server.admin.patchFlag('search.fast', { name: 'Fast' });
    const { cursors } = await server.admin.patchFlag('checkout.old', { name: 'Old' });
    await probe.waitForState((state) => state.get('checkout.old')?.name === 'Old');
    expect(probe.applied.map(({ events }) => events.length)).toEqual([1]);
    expect(parseCursor(probe.cursor)?.revision).toBe(parseCursor(String(cursors['production']))?.revision);
    expect(outside.cursors['production']).toBeDefined();
    await probe.close();
  });

  it('may be narrowed by the stream', async () => {
    const { ticket } = await issue(['checkout.*', 'search.fast']);
    for (const flags of [
      ['checkout.new'],
      ['checkout.n*'],
      ['search.fast', 'checkout.old'],
      ['checkout.*'],
      ['checkout.unborn'],
    ]) {
      const probe = await sync({ ticket, flags });
      const wanted = (id: string) =>
        flags.some((entry) => (entry.endsWith('*') ? id.startsWith(entry.slice(0, -1)) : id === entry));
      const all = ['checkout.new', 'checkout.old', 'search.fast'];
      expect([...probe.state.keys()].sort()).toEqual(all.filter(wanted));
      probe.assertInOrder();
      await probe.close();
    }
  });

  it.each(['*', 'search.slow', 'c*', 'check*', 'checkout.new,search.slow', 'checkout', 'search.f*'])(
    'may not be widened to %s',
    async (flags) => {
      const { ticket } = await issue(['checkout.*', 'search.fast']);
      const answer = await knock('/sdk/stream', { url: server.url, ticket, query: { flags } });
      expect(answer).toMatchObject({ status: 403, code: 'outside_ticket' });
    },
  );
});

describe('the end of a ticket', () => {
  it('comes after its time, and not before', async () => {
    const node = await start({ env: { ...ENV, FLAGWIRE_TICKET_TTL_S: '2' } });
    const { key: text } = await node.admin.createKey('production');
    const asked = Date.now();
    const { ticket, expires_in } = await issue(undefined, text, node);
    expect(expires_in).toBe(2);
    expect(await knock('/sdk/stream', { url: node.url, ticket })).toMatchObject({ status: 200 });
    const code = async () => (await knock('/sdk/stream', { url: node.url, ticket })).code;
    await eventually(async () => expect(await code()).toBe('expired_ticket'), { timeoutMs: 20_000 });
    expect(Date.now() - asked).toBeGreaterThanOrEqual(2000);
    const { ticket: another } = await issue(undefined, text, node);
    expect(await knock('/sdk/stream', { url: node.url, ticket: another })).toMatchObject({ status: 200 });
  });

  it('is never later than the end of its key', async () => {
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const { key: text } = await server.admin.createKey('production', 'server', { expires_at });
    expect((await issue(undefined, text)).expires_in).toBeLessThanOrEqual(60);
  });

  it('comes with the end of its key, for streams that are open too', async () => {
    const [doomed, spared] = [await server.admin.createKey('production'), await server.admin.createKey('production')];
    const { ticket } = await issue(undefined, doomed.key);
    const probe = await sync({ ticket });
    const other = await sync({ ticket: (await issue(undefined, spared.key)).ticket });
    await server.admin.revokeKey('production', doomed.id);
    await within(probe.closed, 10_000, 'the end of the stream');
    expect(probe.goodbye).toEqual({ reason: 'key_revoked', retry_after_ms: null });
    probe.assertInOrder();
    expect(await knock('/sdk/stream', { url: server.url, ticket })).toMatchObject({ status: 401, code: 'revoked_key' });
    expect(other.isOpen).toBe(true);
    await other.close();
  });
});

describe('tickets on several nodes', () => {
  it('are accepted by every node of the database, and after a restart', async () => {
    const one = await start({ database: 'postgres', env: ENV });
    const two = await start({ database: one.databaseUrl, env: ENV });
    await one.admin.createFlag('everywhere');
    const { key: text } = await one.admin.createKey('production');
    const { ticket } = await issue(['every*'], text, one);
    const made = await issue(['every*'], text, two);
    for (const [node, shown] of [
      [two, ticket],
      [one, made.ticket],
    ] as const) {
      const probe = await sync({ url: node.url, ticket: shown });
      expect([...probe.state.keys()]).toEqual(['everywhere']);
      await probe.close();
    }
    await one.restart();
    expect(await knock('/sdk/stream', { url: one.url, ticket })).toMatchObject({ status: 200 });
    expect(await knock('/sdk/stream', { url: server.url, ticket })).toMatchObject({ status: 401, code: 'unknown_ticket' });
  });
});
