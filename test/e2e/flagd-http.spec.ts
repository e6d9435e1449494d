import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { flagdSchemaErrors } from '../support/flagd-schema.js';
import { httpRequest, type HttpAnswer, type HttpRequestOptions } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ownProject } from './support/own-project.js';

interface Document {
  metadata: { flagSetId: string; version: string; scope: string };
  flags: Record<string, { state: string; metadata: { version: number } }>;
}

const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync };

/** One of each kind: of type, of status, with and without a default and a rule. */
const FLAGS = {
  'a.boolean': {
    variants: { on: true, off: false },
    default_variant: 'off',
    live: { status: 'enabled', targeting: { if: [{ ends_with: [{ var: 'email' }, '@example.com'] }, 'on'] } },
  },
  'b-string': {
    value_type: 'string',
    variants: { red: '#f00', blue: '#00f' },
    default_variant: 'red',
    live: {
      status: 'enabled',
      targeting: {
        fractional: [
          ['red', 30],
          ['blue', 70],
        ],
      },
    },
  },
  c_number: {
    value_type: 'number',
    variants: { few: 1, many: 2.5e9 },
    default_variant: null,
    live: { status: 'deprecated', targeting: {} },
  },
  object: {
    value_type: 'object',
    variants: { x: { nested: { list: [1, 'two', null] } }, y: {} },
    default_variant: 'y',
    live: { status: 'disabled', targeting: { if: [{ sem_ver: [{ var: 'version' }, '>=', '1.2.0'] }, 'x', 'y'] } },
  },
} as const;

describeEachDatabase('GET /flagd/v1/flags', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let options: { project: string };
  let key: string;

  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    options = await ownProject(admin, ['live', 'copy']);
    for (const [id, { live, ...fields }] of Object.entries(FLAGS))
      await admin.createFlag(id, { ...fields, environments: { live } }, options);
    await admin.createFlag('gone', {}, options);
    await admin.archive('gone', options);
    ({ key } = await admin.createKey('live', 'server', {}, options));
  });

  const ask = (headers: Record<string, string> = {}, more: HttpRequestOptions & { query?: string; from?: TestServer } = {}) =>
    httpRequest(`${(more.from ?? server).url}/flagd/v1/flags${more.query ?? ''}`, {
      ...more,
      headers: { Authorization: `Bearer ${key}`, ...headers },
    });
  const read = (answer: HttpAnswer) => answer.json() as Document;
  const codeOf = (answer: HttpAnswer) => [answer.status, (answer.json() as { code: string }).code];

  it('gives the environment as a document that flagd’s own schema takes', async () => {
    const answer = await ask();
    expect([answer.status, answer.header('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    const document = read(answer);
    expect(flagdSchemaErrors(document)).toEqual([]);
    const name = `${options.project}/live`;
    expect(document.metadata).toEqual({ scope: name, flagSetId: name, version: expect.stringMatching(/^[a-z0-9]{8}\.\d+\./) });
    expect(Object.entries(document.flags).map(([id, { state, metadata }]) => [id, state, metadata])).toEqual([
      ['a.boolean', 'ENABLED', { version: 1 }],
      ['b-string', 'ENABLED', { version: 1 }],
      ['c_number', 'ENABLED', { version: 1 }],
      ['object', 'DISABLED', { version: 1 }],
    ]);
  });

  it('can be taken by another environment as it is, which then serves the same', async () => {
    const query = '?format=flagd&environment=copy';
    const imported = await admin.request('POST', `/api/projects/${options.project}/import${query}`, read(await ask()));
    expect(imported).toMatchObject({ status: 200, body: { flags: { created: 0 } } });
    const copy = await admin.createKey('copy', 'server', {}, options);
    const plain = ({ flags }: Document) => Object.entries(flags).map(([id, { metadata: _, ...flag }]) => [id, flag]);
    expect(plain(read(await ask({ Authorization: `Bearer ${copy.key}` })))).toEqual(plain(read(await ask())));
  });

  it('can be taken by a project that has none of the flags, with their types', async () => {
    const other = await ownProject(admin, ['live']);
    const query = '?format=flagd&environment=live';
    const imported = await admin.request('POST', `/api/projects/${other.project}/import${query}`, read(await ask()));
    expect(imported).toMatchObject({ status: 200, body: { flags: { created: 4 } } });
    for (const [id, fields] of Object.entries(FLAGS)) {
      const { variants, default_variant, live } = fields;
      const value_type = 'value_type' in fields ? fields.value_type : 'boolean';
      // flagd has no word for deprecated.
      const status = live.status === 'disabled' ? 'disabled' : 'enabled';
      const { body } = await admin.getEnv(id, 'live', other);
      expect(body).toMatchObject({ value_type, variants, default_variant, status, targeting: live.targeting });
    }
  });

  it('is 304 without a body by the tag of its revision, however that is sent, and by no date', async () => {
    const answer = await ask();
    const tag = answer.header('etag') ?? '';
    expect(tag).toBe(`W/"${read(answer).metadata.version}"`);
    for (const condition of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
      const held = await ask({ 'If-None-Match': condition });
      expect([condition, held.status, held.bytes.length, held.header('etag')]).toEqual([condition, 304, 0, tag]);
      expect([held.header('cache-control'), held.header('vary')]).toEqual([
        answer.header('cache-control'),
        answer.header('vary'),
      ]);
    }
    for (const condition of ['"x"', read(answer).metadata.version]) {
      expect((await ask({ 'If-None-Match': condition })).status).toBe(200);
    }
    expect((await ask({ 'If-Modified-Since': new Date(Date.now() + 60_000).toUTCString() })).status).toBe(200);
  });

  it('is 200 after each change, also one that brings back what was there before', async () => {
    const tags = [(await ask()).header('etag') ?? ''];
    for (const status of ['disabled', 'enabled'] as const) {
      await admin.patchEnv('a.boolean', 'live', { status }, options);
      const answer = await ask({ 'If-None-Match': tags.join(', ') });
      expect(answer.status).toBe(200);
      expect(read(answer).flags['a.boolean']?.state).toBe(status.toUpperCase());
      tags.push(answer.header('etag') ?? '');
    }
    expect(new Set(tags).size).toBe(3);
  });

  it('is the same JSON in every coding, and has a head', async () => {
    const identity = await ask({ 'Accept-Encoding': 'identity' });
    for (const coding of ['br', 'gzip'] as const) {
      const coded = await eventually(
        async () => {
          const answer = await ask({ 'Accept-Encoding': coding });
          expect(answer.header('content-encoding')).toBe(coding);
          return answer;
        },
        { timeoutMs: 20_000 },
      );
      expect(DECODERS[coding](coded.bytes).toString()).toBe(identity.text);
      expect(coded.header('etag')).toBe(identity.header('etag'));
    }
    const head = await ask({ 'Accept-Encoding': 'identity' }, { method: 'HEAD' });
    const length = head.header('content-length');
    expect([head.status, head.bytes.length, length]).toEqual([200, 0, String(identity.bytes.length)]);
  });

  it('is for server keys in a header, and no page of another origin may read it', async () => {
    const client = await admin.createKey('live', 'client', {}, options);
    expect(codeOf(await ask({ Authorization: `Bearer ${client.key}` }))).toEqual([403, 'client_key_forbidden']);
    expect(codeOf(await ask({ Authorization: '' }))).toEqual([401, 'missing_credential']);
    expect(codeOf(await ask({ Authorization: '' }, { query: `?key=${key}` }))).toEqual([400, 'invalid_input']);
    const { body } = await admin.as(key).call<{ ticket: string }>('POST', '/sdk/ticket', {});
    expect(codeOf(await ask({ Authorization: '' }, { query: `?ticket=${body.ticket}` }))).toEqual([401, 'ticket_not_accepted']);
    const Origin = 'https://app.example.com';
    const listing = await admin.createKey('live', 'server', { allowed_origins: [Origin] }, options);
    const answer = await ask({ Authorization: `Bearer ${listing.key}`, Origin });
    expect([answer.status, Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))]).toEqual([200, []]);
  });

  it('ends with its key', async () => {
    const doomed = await admin.createKey('live', 'server', {}, options);
    const headers = { Authorization: `Bearer ${doomed.key}` };
    const tag = (await ask(headers)).header('etag') ?? '';
    await admin.revokeKey('live', doomed.id, options);
    expect(codeOf(await ask({ ...headers, 'If-None-Match': tag }))).toEqual([401, 'revoked_key']);
  });
});
