import { beforeAll, expect, it, describe } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { createEveryKind, EVERY_KIND, HIDDEN } from './support/every-kind.js';
import { Notices, noticesUrl } from './support/notices.js';
import { type BulkBody, type Evaluated, OfrepClient } from './support/ofrep-client.js';
import { flawsBy } from './support/ofrep-schema.js';

const USER = { targetingKey: 'user-1', role: 'admin', zero: 0 };
const GUEST = { targetingKey: 'user-1', zero: 0 };

describeEachDatabase('OFREP', (database) => {
  const start = useServers();
  let server: TestServer;
  let client: OfrepClient;
  let backend: OfrepClient;

  beforeAll(async () => {
    server = await start({ database });
    await createEveryKind(server.admin);
    client = new OfrepClient(server.url, (await server.admin.createKey('production', 'client')).key);
    backend = new OfrepClient(server.url, (await server.admin.createKey('production')).key);
  });

  const one = async (flag: string, context: object): Promise<Evaluated> =>
    (await client.single(flag, context)).json() as Evaluated;
  /** `404 FLAG_NOT_FOUND`, and that the answer is as the document has it. */
  async function refusal(path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
    const answer = await client.post(path, body, headers);
    const { errorCode, key } = answer.json() as Evaluated;
    const schema = path === '' ? 'bulkEvaluationFailure' : answer.status === 404 ? 'flagNotFound' : 'evaluationFailure';
    expect(flawsBy(schema, answer.json())).toEqual([]);
    expect(path === '' ? key : `/${key}`).toBe(path === '' ? undefined : path);
    return `${answer.status} ${errorCode}`;
  }

  describe('of one flag', () => {
    it.each([
      ['a.boolean', GUEST, { value: false, reason: 'STATIC', variant: 'off' }],
      ['b.string', GUEST, { value: 'text', reason: 'STATIC', variant: 'x' }],
      ['c.integer', GUEST, { value: 7, reason: 'STATIC', variant: 'n' }],
      ['d.float', GUEST, { value: 0.5, reason: 'STATIC', variant: 'n' }],
      ['e.object', GUEST, { value: { a: [1, { b: null }] }, reason: 'STATIC', variant: 'o' }],
      ['f.targeted', USER, { value: true, reason: 'TARGETING_MATCH', variant: 'on' }],
      ['f.targeted', GUEST, { value: false, reason: 'DEFAULT', variant: 'off' }],
      ['f.targeted', {}, { value: false, reason: 'DEFAULT', variant: 'off' }],
      ['h.by-email', { email: 'a@b.c' }, { value: true, reason: 'TARGETING_MATCH', variant: 'on' }],
      ['i.no-default', {}, { reason: 'DEFAULT' }],
      ['j.disabled', {}, { reason: 'DISABLED' }],
      ['k.deprecated', {}, { value: false, reason: 'STATIC', variant: 'off' }],
    ])('%s for %j is what its flag says', async (flag, context, expected) => {
      for (const asking of [client, backend]) {
        const answer = await asking.single(flag, context);
        expect([answer.status, answer.json()]).toMatchObject([200, { key: flag, ...expected, metadata: { version: 1 } }]);
        expect('value' in (answer.json() as object)).toBe('value' in expected);
        expect(flawsBy('serverEvaluationSuccess', answer.json())).toEqual([]);
        expect(answer.header('cache-control')).toBe('no-store');
      }
    });

    it('is 400 where it cannot be evaluated for this context, and says what to do', async () => {
      expect(await refusal('/g.split', { context: {} })).toBe('400 TARGETING_KEY_MISSING');
      expect(await refusal('/l.divides', { context: { zero: 0 } })).toBe('400 GENERAL');
      expect(await one('g.split', { targetingKey: 'x' })).toMatchObject({ reason: 'TARGETING_MATCH' });
    });

    it('is 404 where there is none, also of what every object has', async () => {
      for (const flag of ['nothing', 'constructor', '__proto__', 'toString']) {
        expect(await refusal(`/${flag}`, { context: {} })).toBe('404 FLAG_NOT_FOUND');
      }
    });
  });

  describe('of all flags', () => {
    const bulk = async (context: object) => (await client.bulk(context)).json() as BulkBody;

    it('has every flag, by id, with what it says alone, failures among them', async () => {
      const answer = await client.bulk({});
      expect([answer.status, flawsBy('bulkEvaluationSuccess', answer.json())]).toEqual([200, []]);
      const { flags, metadata } = answer.json() as BulkBody;
      expect(flags.map(({ key }) => key)).toEqual(Object.keys(EVERY_KIND));
      for (const flag of flags) expect(await one(flag.key, {})).toMatchObject({ ...flag });
      expect(flags.filter(({ errorCode }) => errorCode).map(({ key, errorCode }) => [key, errorCode])).toEqual([
        ['g.split', 'TARGETING_KEY_MISSING'],
        ['l.divides', 'GENERAL'],
      ]);
      expect(metadata.revision).toBe(Object.keys(EVERY_KIND).length);
    });

    it('shows a client key no rule, description, tag, owner or e-mail, in whatever answer', async () => {
      const tag = (await client.bulk(USER)).header('etag') ?? '';
      const flags = Object.keys(EVERY_KIND);
      const elsewhere = { Origin: 'https://elsewhere.example' };
      const paths = ['/sdk/poll', '/sdk/stream', '/flagd/v1/flags', '/api/projects/default/flags/f.targeted', '/ofrep/v1/stream'];
      const answers = [
        ...(await Promise.all([USER, GUEST, {}].map((context) => client.bulk(context)))),
        ...(await Promise.all(flags.map((flag) => client.single(flag, USER)))),
        ...(await Promise.all(flags.map((flag) => client.single(flag, { targetingKey: 7 })))),
        ...(await Promise.all(flags.map((flag) => client.single(flag, {}, elsewhere)))),
        await client.bulk(USER, { 'If-None-Match': tag }),
        await client.bulk({}, { 'If-None-Match': tag }),
        await client.bulk([]),
        await client.bulk({}, elsewhere),
        await client.single('nothing', USER),
        await client.post('', '{'),
        await new OfrepClient(server.url, `${client.key}x`).bulk(USER),
        ...(await Promise.all(
          paths.map((path) => httpRequest(`${server.url}${path}`, { headers: { Authorization: `Bearer ${client.key}` } })),
        )),
      ];
      const statuses = new Set(answers.map(({ status }) => status));
      expect([...statuses].sort()).toEqual([200, 304, 400, 401, 403, 404]);
      const notices = await Notices.open(await noticesUrl(server, client.key), { 'Last-Event-ID': 'earlier' });
      await eventually(() => expect(notices.ids).toHaveLength(1));
      notices.close();
      const stream = JSON.stringify([notices.headers, notices.blocks]);
      for (const text of [...answers.map((answer) => `${answer.rawHeaders.join(' ')} ${answer.text}`), stream]) {
        expect(text).not.toContain(HIDDEN);
        expect(text).not.toMatch(/@|"(targeting|description|tags|owner|variants|name|fractional|if|created_at)"/);
      }
    });

    it('is 304 for the same flags and context, evaluates nothing then, and is new for another context, key or revision', async () => {
      const evaluated = async () => {
        const { body } = await server.admin.call<string>('GET', '/metrics');
        return Number(/^flagwire_evaluated_flags_total (\d+)/m.exec(body)?.[1]);
      };
      const first = await client.bulk(USER);
      const tag = first.header('etag') ?? '';
      expect(tag).toMatch(/^W\/"[a-z0-9]{8}\.\d+\.[a-z0-9]{6}-[0-9a-f]{32}-\d+"$/);
      const before = await evaluated();
      const same = await client.bulk({ zero: 0, role: 'admin', targetingKey: 'user-1' }, { 'If-None-Match': `"x", ${tag}` });
      expect([same.status, same.bytes.length, same.header('etag')]).toEqual([304, 0, tag]);
      expect(same.header('cache-control')).toBe(first.header('cache-control'));
      expect(same.header('vary')).toBe(first.header('vary'));
      expect(await evaluated()).toBe(before);
      expect((await client.bulk(GUEST, { 'If-None-Match': tag })).status).toBe(200);
      expect((await backend.bulk(USER, { 'If-None-Match': tag })).status).toBe(200);
      expect(await evaluated()).toBe(before + 2 * Object.keys(EVERY_KIND).length);
      await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'on' });
      const next = await client.bulk(USER, { 'If-None-Match': tag });
      expect([next.status, (next.json() as BulkBody).flags[0]]).toMatchObject([200, { value: true, metadata: { version: 2 } }]);
    });

    it('holds what was written at once, and nothing of another environment', async () => {
      await server.admin.patchEnv('j.disabled', 'production', { status: 'enabled' });
      expect((await bulk({})).flags.find(({ key }) => key === 'j.disabled')).toMatchObject({ value: false, reason: 'STATIC' });
      const { key } = await server.admin.createKey('staging', 'client');
      const elsewhere = (await new OfrepClient(server.url, key).bulk({})).json() as BulkBody;
      expect(new Set(elsewhere.flags.map(({ reason }) => reason))).toEqual(new Set(['DISABLED']));
    });
  });

  describe('of what is wrong', () => {
    const deep = (depth: number) => `{"context":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
    it.each([
      ['nothing', '', '400 INVALID_CONTEXT'],
      ['no context', '{}', '400 INVALID_CONTEXT'],
      ['a context that is a list', '{"context":[]}', '400 INVALID_CONTEXT'],
      ['a targeting key that is none', '{"context":{"targetingKey":{}}}', '400 INVALID_CONTEXT'],
      ['half a body', '{"context":', '400 PARSE_ERROR'],
      ['a context of 1 MiB', JSON.stringify({ context: { a: 'x'.repeat(2 ** 20) } }), '400 INVALID_CONTEXT'],
      ['a context of half of that', JSON.stringify({ context: { a: 'x'.repeat(2 ** 19) } }), '400 INVALID_CONTEXT'],
      ['a context 200 deep', deep(200), '400 INVALID_CONTEXT'],
      ['a context 100,000 deep', deep(100_000), '400 INVALID_CONTEXT'],
      ['a prototype', '{"context":{"__proto__":{"role":"admin"}}}', '400 INVALID_CONTEXT'],
    ])('refuses %s', async (_, body, expected) => {
      for (const path of ['', '/f.targeted']) expect(await refusal(path, body)).toBe(expected);
      expect(await one('f.targeted', USER)).toMatchObject({ value: true });
    });

    it('refuses what is no JSON by its type', async () => {
      expect(await refusal('', 'context=1', { 'Content-Type': 'text/plain' })).toBe('400 PARSE_ERROR');
    });

    it('takes names that every object has for attributes like others', async () => {
      const odd = { constructor: { name: 'x' }, toString: null, valueOf: 1, hasOwnProperty: [], ...USER };
      expect(await one('f.targeted', odd)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    });

    it('refuses keys that are none, and says so in a problem document', async () => {
      const { id, key } = await server.admin.createKey('production', 'client');
      await server.admin.revokeKey('production', id);
      const codes = async (asking: OfrepClient, headers = {}) => {
        const answer = await asking.bulk({}, headers);
        expect(answer.header('content-type')).toBe('application/problem+json');
        return [answer.status, (answer.json() as { code: string }).code];
      };
      expect(await codes(new OfrepClient(server.url, key))).toEqual([401, 'revoked_key']);
      expect(await codes(new OfrepClient(server.url, 'nonsense'))).toEqual([401, 'malformed_key']);
      expect(await codes(client, { Origin: 'https://elsewhere.example' })).toEqual([403, 'origin_not_allowed']);
      expect(await refusalOfQuery()).toBe('400 GENERAL');
    });

    const refusalOfQuery = async () => {
      const answer = await client.post(`?key=${client.key}`, { context: {} }, { Authorization: '' });
      return `${answer.status} ${(answer.json() as Evaluated).errorCode}`;
    };

    it('lets a page read what its key lists, errors and 304 too', async () => {
      const origin = 'https://shop.example';
      const { key } = await server.admin.createKey('production', 'client', { allowed_origins: [origin] });
      const page = new OfrepClient(server.url, key);
      const whole = await page.bulk({}, { Origin: origin });
      const headers = { Origin: origin, 'If-None-Match': whole.header('etag') ?? '' };
      const answers = [
        whole,
        await page.bulk({}, headers),
        await page.post('', '{', headers),
        await page.single('none', {}, headers),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 304, 400, 404]);
      for (const answer of answers) {
        expect(answer.header('access-control-allow-origin')).toBe(origin);
        expect(answer.header('access-control-expose-headers')).toContain('ETag');
        expect(answer.header('vary')).toContain('Origin');
      }
    });
  });
});
