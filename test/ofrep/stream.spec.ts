import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually, holds } from '../support/wait.js';
import { Notices, noticesUrl } from './support/notices.js';
import { type BulkBody, OfrepClient } from './support/ofrep-client.js';
import { flawsBy } from './support/ofrep-schema.js';

const start = useServers();

describeEachDatabase('the notice stream', (database) => {
  let server: TestServer;
  let admin: AdminClient;
  let key: { id: string; key: string };
  let url: string;
  let head: string;

  const change = async (fields: object = {}): Promise<string> => {
    const { cursors } = await admin.patchEnv('a', 'production', fields);
    return (head = cursors['production'] ?? '');
  };

  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_PING_S: '0.2' } });
    ({ admin } = server);
    await admin.createFlag('a');
    await admin.createFlag('kill', { critical: true });
    key = await admin.createKey('production', 'client');
    url = await noticesUrl(server, key.key);
    await change({ default_variant: 'on' });
  });

  it('has the same address in every answer of the day, one for each key, without an origin', async () => {
    expect(await noticesUrl(server, key.key)).toBe(url);
    const answer = (await new OfrepClient(server.url, key.key).bulk({ plan: 'x' })).json() as BulkBody;
    expect(answer.eventStreams).toEqual([{ type: 'sse', endpoint: { requestUri: url.slice(server.url.length) } }]);
    const other = await admin.createKey('production', 'client');
    expect(await noticesUrl(server, other.key)).not.toBe(url);
  });

  it('begins with where it stands and when to come back, pings, and gives no notice while nothing changes', async () => {
    const notices = await Notices.open(url, { 'Last-Event-ID': head });
    await eventually(() => expect(notices.blocks.length).toBeGreaterThan(4));
    expect([notices.status, notices.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/event-stream/)]);
    const [opening] = notices.blocks;
    expect([opening?.id, opening?.data, opening?.retry]).toEqual([head, null, expect.any(Number)]);
    expect(notices.blocks.flatMap(({ comments }) => comments)).toContain(' ping');
    expect([notices.messages('connected').map(({ id }) => id), notices.ids]).toEqual([[head], []]);
    notices.close();
  });

  it('says that something changed as OFREP has it, and no value, rule or flag', async () => {
    const notices = await Notices.open(url, { 'Last-Event-ID': head });
    await eventually(() => expect(notices.messages('connected')).toHaveLength(1));
    await change({ default_variant: 'off' });
    await eventually(() => expect(notices.ids).toEqual([head]));
    const [{ data } = { data: {} }] = notices.messages('refetchEvaluation');
    expect(flawsBy('sseEventData', data)).toEqual([]);
    expect(data).toEqual({ type: 'refetchEvaluation', etag: head, lastModified: expect.any(Number) });
    const answer = await new OfrepClient(server.url, key.key).bulk({}, {});
    expect(answer.header('etag')).toContain(`"${head}-`);
    notices.close();
  });

  it('replays what was missed as one notice, whatever is presented, and nothing to who has everything', async () => {
    const seen = head;
    await change({ default_variant: 'on' });
    await change({ default_variant: 'off' });
    await change({ default_variant: 'on' });
    for (const presented of [seen, 'nonsense', 'none', head.replace(/^.{8}/, 'zzzzzzzz'), head.replace(/\.\d+\./, '.999999.')]) {
      const notices = await Notices.open(url, { 'Last-Event-ID': presented });
      await eventually(() => expect([presented, notices.ids]).toEqual([presented, [head]]));
      await holds(() => notices.ids.length === 1, 200);
      notices.close();
    }
    const notices = await Notices.open(url, { 'Last-Event-ID': head });
    await holds(() => notices.ids.length === 0, 300);
    notices.close();
  });

  it('tells who has no stream yet of a change that was just made: it may have come behind the flags it asked for', async () => {
    await change({ default_variant: 'off' });
    const notices = await Notices.open(url);
    await eventually(() => expect(notices.ids).toEqual([head]));
    notices.close();
  });

  it('is opened by its token alone', async () => {
    const status = async (address: string, headers = {}) => {
      const notices = await Notices.open(address, headers);
      notices.close();
      return notices.status;
    };
    const bare = `${server.url}/ofrep/v1/stream`;
    const { key: backend } = await admin.createKey('production');
    const { ticket } = (await admin.as(backend).call<{ ticket: string }>('POST', '/sdk/ticket', {})).body;
    expect(await status(bare)).toBe(401);
    expect(await status(bare, { Authorization: `Bearer ${key.key}` })).toBe(401);
    expect(await status(`${bare}?token=${ticket}`)).toBe(401);
    expect(await status(`${bare}?ticket=${ticket}`)).toBe(401);
    expect(await status(`${url}x`)).toBe(401);
    expect(await status(`${url}&key=${key.key}`)).toBe(400);
    expect(await status(url, { Origin: 'https://elsewhere.example' })).toBe(403);
    expect(await status(url)).toBe(200);
  });

  it('is no key: its token opens nothing else', async () => {
    const token = new URL(url).searchParams.get('token') ?? '';
    for (const path of ['/sdk/stream', '/sdk/poll', '/flagd/v1/flags', '/api/projects']) {
      for (const [query, headers] of [
        [`?token=${token}`, {}],
        [`?key=${token}`, {}],
        [`?ticket=${token}`, {}],
        ['', { Authorization: `Bearer ${token}` }],
      ] as [string, Record<string, string>][]) {
        const { status } = await admin.as(null).request('GET', `${path}${query}`, undefined, headers);
        expect([path, query.slice(0, 8), status]).toEqual([path, query.slice(0, 8), status === 400 ? 400 : 401]);
      }
    }
    expect((await new OfrepClient(server.url, token).bulk({})).status).toBe(401);
  });

  it('may be read by the pages that its key lists', async () => {
    const origin = 'https://shop.example';
    const made = await admin.createKey('production', 'client', { allowed_origins: [origin] });
    const notices = await Notices.open(await noticesUrl(server, made.key), { Origin: origin });
    expect([notices.status, notices.headers['access-control-allow-origin']]).toEqual([200, origin]);
    notices.close();
  });

  it('ends when its key is revoked, for good', async () => {
    const made = await admin.createKey('production', 'client');
    const address = await noticesUrl(server, made.key);
    const notices = await Notices.open(address);
    await eventually(() => expect(notices.messages('connected')).toHaveLength(1));
    await admin.revokeKey('production', made.id);
    await eventually(() => expect(notices.isEnded).toBe(true));
    expect(notices.messages('Goodbye')[0]?.data).toMatchObject({ data: { reason: 'key_revoked', retry_after_ms: null } });
    const again = await Notices.open(address);
    expect(again.status).toBe(401);
  });

  it('counts among the connections of its key and address, and who is one too many is told when to come back', async () => {
    const node = await start({ database, env: { FLAGWIRE_MAX_PER_ADDRESS: '2' } });
    const made = await node.admin.createKey('production', 'client');
    const address = await noticesUrl(node, made.key);
    const held = [await Notices.open(address), await Notices.open(address)];
    await eventually(() => expect(held.every((notices) => notices.messages('connected').length === 1)).toBe(true));
    const late = await Notices.open(address);
    await eventually(() => expect(late.isEnded).toBe(true));
    expect([late.status, late.messages('Goodbye')[0]?.data]).toMatchObject([200, { data: { reason: 'overload' } }]);
    expect(late.blocks.some(({ retry }) => retry !== undefined)).toBe(true);
    held[0]?.close();
    await eventually(async () => {
      const next = await Notices.open(address);
      await eventually(() => expect(next.messages('connected')).toHaveLength(1), { timeoutMs: 300 });
      next.close();
    });
    held[1]?.close();
  });

  it('is ended by the drain with when to come back, and goes on where it was', async () => {
    const notices = await Notices.open(url, { 'Last-Event-ID': head });
    await eventually(() => expect(notices.messages('connected')).toHaveLength(1));
    await server.restart();
    await eventually(() => expect(notices.isEnded).toBe(true));
    const [goodbye] = notices.messages('Goodbye');
    expect(goodbye).toMatchObject({ id: head, data: { data: { reason: 'shutdown', retry_after_ms: expect.any(Number) } } });
    const again = await Notices.open(url, { 'Last-Event-ID': head });
    await eventually(() => expect(again.messages('connected')).toHaveLength(1));
    await holds(() => again.ids.length === 0, 300);
    again.close();
  });
});

describe('notices to many', () => {
  it('come to two hundred clients one after the other, and where a flag is critical to all who wait at once', async () => {
    const server = await start({ env: { FLAGWIRE_MAX_PER_ADDRESS: '2000' } });
    await server.admin.createFlag('kill', { critical: true });
    await server.admin.createFlag('plain');
    const made = await server.admin.createKey('production', 'client');
    const address = await noticesUrl(server, made.key);
    const { cursors } = await server.admin.patchEnv('plain', 'production', { status: 'enabled' });
    const all: Notices[] = [];
    for (let count = 0; count < 200; count++) {
      all.push(await Notices.open(address, { 'Last-Event-ID': cursors['production'] ?? '' }));
    }
    await eventually(() => expect(all.every((notices) => notices.messages('connected').length === 1)).toBe(true));
    const told = () => all.filter((notices) => notices.ids.length > 0).length;
    const began = performance.now();
    await server.admin.patchEnv('plain', 'production', { status: 'disabled' });
    await eventually(() => expect(told()).toBeGreaterThan(20));
    expect(told()).toBeLessThan(150);
    await server.admin.patchEnv('kill', 'production', { status: 'enabled' });
    await eventually(() => expect(told()).toBe(200), { timeoutMs: 1500 });
    expect(performance.now() - began).toBeLessThan(3000);
    for (const notices of all) notices.close();
  });
});
