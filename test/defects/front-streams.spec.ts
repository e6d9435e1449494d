import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncHub } from '../../src/sync/sync-hub.js';
import { SyncSession } from '../../src/sync/sync-session.js';
import { RawHttp, type RequestParts, requestText } from '../support/raw-http.js';
import { eventually } from '../support/wait.js';
import { FrontWatch } from './front-watch.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const { start } = useNodes();

const PATH = '/sdk/stream';
/** Of the streams that one key may have. */
const MOST = 30;

interface Question extends Partial<RequestParts> {
  /** Without the key in the header `Authorization`. */
  keyless?: boolean;
}

/** Without what two answers to one question may differ in: the date, the time to come back, the name of the connection. */
const sharedPartOf = (text: string): string =>
  text
    .replace(/^Date: .*$/im, '')
    .replace(/^retry: \d+$/m, '')
    .replace(/"connection_id":"[^"]*"/, '');

describe('In front of the routes', () => {
  let node: InProcessNode;
  let front: FrontWatch;
  let key: string;
  let keyId: string;
  let head: string;
  let older: string;
  const clients: RawHttp[] = [];

  const repeated = (question: Question) => front.repeated(() => ask(question));
  /** Without anything in front. */
  const behind = (question: Question) => front.without(() => ask(question));

  function textOf({ path = PATH, keyless = false, headers = {}, ...more }: Question): string {
    const credential: Record<string, string> = keyless ? {} : { Authorization: `Bearer ${key}` };
    return requestText({ path, ...more, headers: { 'X-Request-Id': 'asked-by-a-test', ...credential, ...headers } });
  }

  async function connect(): Promise<RawHttp> {
    const client = await RawHttp.connect({ port: Number(new URL(node.url).port) });
    clients.push(client);
    return client;
  }

  /** A stream that stays open. */
  async function open(question: Question): Promise<RawHttp> {
    const client = await connect();
    await client.send(textOf(question));
    return client;
  }

  /** The head of an answer, and its body: that of a stream until the end of the first sync. */
  async function ask(question: Question): Promise<{ status: number; head: string[]; body: string }> {
    const client = await open(question);
    const { status, text } = await client.readHead(question.method);
    const isStream = status === 200 && question.method !== 'HEAD';
    const body = isStream ? await client.readUntil('"SyncComplete"') : (await client.readBody()).toString();
    client.destroy();
    const lines = sharedPartOf(text)
      .split('\r\n')
      .map((line) => line.replace(/^[^:]*:/, (name) => name.toLowerCase()));
    // Nest spells names in its own way.
    return { status, head: lines.sort(), body: sharedPartOf(body) };
  }

  async function readSync(client: RawHttp): Promise<RawHttp> {
    const { status } = await client.readHead();
    if (status !== 200) throw new Error(`the stream was refused with ${status}`);
    await client.readUntil('"SyncComplete"');
    return client;
  }

  const sessions = () => [...node.part(SyncHub).all()].filter((session) => session instanceof SyncSession);

  const untilAllAreGone = () => eventually(() => sessions().length === 0, { what: 'no session' });

  beforeAll(async () => {
    node = await start({ settings: { maxPerServerKey: MOST } });
    front = new FrontWatch(node);
    older = (await node.admin.createFlag('a')).cursors['production'] ?? '';
    head = (await node.admin.createFlag('b')).cursors['production'] ?? '';
  });
  beforeEach(async () => {
    ({ key, id: keyId } = await node.admin.createKey('production'));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await untilAllAreGone();
  });

  describe('a stream that was granted before begins as the routes begin it', () => {
    it.each<[what: string, question: () => Question]>([
      ['without a cursor', () => ({})],
      ['with one', () => ({ headers: { 'Last-Event-ID': older } })],
      ['with the newest', () => ({ headers: { 'Last-Event-ID': head } })],
      ['with one of another history', () => ({ headers: { 'Last-Event-ID': 'otherepo.1.aaaaaa' } })],
      ['with what is no cursor', () => ({ headers: { 'Last-Event-ID': 'nonsense' } })],
      ['with an empty one', () => ({ headers: { 'Last-Event-ID': '' } })],
      ['with the key as X-API-Key', () => ({ keyless: true, headers: { 'X-API-Key': key } })],
      ['with the key in the query', () => ({ keyless: true, path: `${PATH}?key=${key}` })],
      ['with a filter', () => ({ path: `${PATH}?flags=b` })],
      ['with a filter in parts', () => ({ path: `${PATH}?flags=b&flags=x.*` })],
      ['with a filter that nothing matches', () => ({ path: `${PATH}?flags=none` })],
      ['on a connection that is to end with it', () => ({ headers: { Connection: 'close' } })],
    ])('%s', async (_what, question) => {
      const [answer, isInFront] = await repeated(question());
      expect([answer.status, isInFront]).toEqual([200, true]);
      expect(answer).toEqual(await behind(question()));
    });
  });

  describe('everything else is handed on', () => {
    it.each<[what: string, question: () => Question, status: number]>([
      ['HEAD', () => ({ method: 'HEAD' }), 200],
      ['POST', () => ({ method: 'POST' }), 404],
      ['HTTP of before', () => ({ version: '1.0' }), 200],
      ['a body', () => ({ body: '{}' }), 200],
      ['the environment', () => ({ path: `${PATH}?env=production` }), 200],
      ['another environment', () => ({ path: `${PATH}?env=staging` }), 403],
      ['a cursor in the address', () => ({ path: `${PATH}?last_event_id=${older}` }), 200],
      ['a parameter behind a fragment', () => ({ path: `${PATH}?flags=b#&env=production` }), 200],
      ['an unknown parameter', () => ({ path: `${PATH}?x=1` }), 200],
      ['a filter that is none', () => ({ path: `${PATH}?flags=*x` }), 400],
      ['another path', () => ({ path: `${PATH}/` }), 200],
      ['other letters', () => ({ path: PATH.toUpperCase() }), 200],
      ['a longer path', () => ({ path: `${PATH}s` }), 404],
      ['a long address', () => ({ path: `${PATH}?client=${'x'.repeat(1024)}` }), 200],
      ['the page of a stranger', () => ({ headers: { Origin: 'https://a.example' } }), 403],
      ['no key', () => ({ keyless: true }), 401],
      ['an empty key', () => ({ keyless: true, headers: { 'X-API-Key': '' } }), 401],
      ['a mistyped key', () => ({ keyless: true, headers: { 'X-API-Key': `${key}x` } }), 401],
      ['two keys', () => ({ headers: { 'X-API-Key': `${key}x` } }), 400],
    ])('%s', async (_what, question, status) => {
      await repeated({});
      const [answer, isInFront] = await repeated(question());
      expect([answer.status, isInFront]).toEqual([status, false]);
      expect(answer).toEqual(await behind(question()));
    });

    it('a ticket', async () => {
      const { body } = await node.admin.as(key).request('POST', '/sdk/ticket', {});
      const [answer, isInFront] = await repeated({
        keyless: true,
        path: `${PATH}?ticket=${(body as { ticket: string }).ticket}`,
      });
      expect([answer.status, isInFront]).toEqual([200, false]);
    });

    it('a stream behind another answer on its connection', async () => {
      await repeated({});
      const client = await connect();
      await client.send(requestText({ path: '/health/ready' }) + textOf({}));
      await client.readHead();
      await client.readBody();
      expect(await readSync(client)).toBe(client);
    });
  });

  it('what changes is sent to all, wherever they were let in', async () => {
    await repeated({});
    const streams = [await open({}), await open({ headers: { 'Last-Event-ID': head } })];
    for (const client of streams) await readSync(client);
    streams.push(await front.without(async () => readSync(await open({}))));
    head = (await node.admin.patchEnv('a', 'production', { status: 'enabled' })).cursors['production'] ?? '';
    const heard = await Promise.all(streams.map((client) => client.readUntil(`id: ${head}\n`)));
    // Before it there may be a ping.
    expect(new Set(heard.map((text) => text.slice(text.indexOf(`id: ${head}`)))).size).toBe(1);
  });

  it('a key that was revoked opens nothing, and what it has opened ends', async () => {
    expect((await repeated({}))[1]).toBe(true);
    const client = await readSync(await open({}));
    await node.admin.call('DELETE', `/api/projects/default/environments/production/sdk-keys/${keyId}`);
    expect((await client.readBody()).toString()).toContain('key_revoked');
    const [answer, isInFront] = await repeated({});
    expect([answer.status, isInFront]).toEqual([401, false]);
  });

  it('one more than a key may have is sent away', async () => {
    await repeated({});
    await untilAllAreGone();
    for (let count = 0; count < MOST; count += 1) await (await open({})).readHead();
    const client = await open({});
    expect((await client.readHead()).status).toBe(200);
    expect((await client.readBody()).toString()).toContain('"Goodbye"');
    expect(sessions()).toHaveLength(MOST);
  });

  it('a client has the name that it gives, in the query or in a header', async () => {
    const named = `${PATH}?client=page%2F1`;
    await repeated({ path: named });
    await untilAllAreGone();
    const asked = [
      { path: named },
      { path: named, headers: { 'Flagwire-Client': 'server/2' } },
      { path: named, headers: { 'Flagwire-Client': 'no name' } },
    ];
    for (const question of asked) await (await open(question)).readHead();
    const names = sessions().map(({ subscriber }) => subscriber.client);
    expect(names).toEqual([{ name: 'page', version: '1' }, { name: 'server', version: '2' }, null]);
  });

  it('a stream without an id that can be repeated gets one of its own', async () => {
    const question = { headers: { 'X-Request-Id': 'no id' } };
    await repeated(question);
    const [first, second] = [await repeated(question), await repeated(question)];
    const ids = [first, second].map(([{ head: lines }]) => lines.find((line) => line.startsWith('x-request-id')));
    expect([first[1], second[1], new Set(ids).size]).toEqual([true, true, 2]);
    expect(ids[0]).toMatch(/: [0-9a-f-]{36}$/);
  });

  it('every stream is in the figures, and none of them as a time', async () => {
    const counted = () => front.figure('flagwire_http_requests_total{method="GET",route="/sdk/stream",status="200"}');
    const timed = () => front.figure('flagwire_http_request_duration_seconds_count{method="GET",route="/sdk/stream"}');
    const [before, times] = [await counted(), await timed()];
    const [, isInFront] = await repeated({});
    expect(isInFront).toBe(true);
    await eventually(async () => expect(await counted()).toBe(before + 2));
    // One that ends in order has an end whose time could be taken.
    const client = await readSync(await open({}));
    await node.admin.call('DELETE', `/api/projects/default/environments/production/sdk-keys/${keyId}`);
    await client.readBody();
    await eventually(async () => expect(await counted()).toBe(before + 3));
    expect(await timed()).toBe(times);
  });
});
