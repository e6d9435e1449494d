import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';

const FLAGS = '/api/projects/default/flags';
const IMPORT = '/api/projects/default/import';
const MIB = 2 ** 20;
const start = useServers();
let server: TestServer;
let admin: AdminClient;

beforeAll(async () => {
  server = await start({ env: { FLAGWIRE_IMPORT_BYTES: String(MIB) } });
  ({ admin } = server);
  await admin.createFlag('right');
});

/** Every route of the admin API that takes a body. */
const WRITES = [
  ['POST', '/api/projects'],
  ['PATCH', '/api/projects/default'],
  ['POST', '/api/projects/default/environments'],
  ['PATCH', '/api/projects/default/environments/staging'],
  ['POST', FLAGS],
  ['PATCH', `${FLAGS}/right`],
  ['PATCH', `${FLAGS}/right/environments/staging`],
  ['POST', '/api/projects/default/environments/staging/change-sets'],
  ['POST', '/api/projects/default/environments/staging/sdk-keys'],
  ['POST', '/api/tokens'],
  ['POST', IMPORT],
] as const;

/** A problem document, whatever the reason. */
function expectProblem(answer: AdminAnswer, status: number, code: string): void {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.body).toMatchObject({ status, code, type: expect.any(String) as unknown, title: expect.any(String) as unknown });
  expect(typeof (answer.body as { detail: unknown }).detail).toBe('string');
  expect(answer.status).toBe(status);
}

async function everything(): Promise<unknown[]> {
  const paths = ['/api/projects', '/api/projects/default/environments', FLAGS, '/api/tokens'];
  return Promise.all(paths.map(async (path) => (await admin.call('GET', path)).body));
}

/** A body with this many bytes, right in all but its length. */
function flagOf(bytes: number): string {
  const flag = { id: `f${bytes}`, name: 'x', value_type: 'boolean', variants: { on: true } };
  const text = JSON.stringify(flag);
  return `${text.slice(0, -1)}${' '.repeat(bytes - text.length)}}`;
}

describe.each(WRITES)('%s %s', (method, path) => {
  const send = (body?: unknown, headers: Record<string, string> = {}) => admin.request(method, path, body, headers);

  it('refuses what is not JSON, and says so', async () => {
    const before = await everything();
    for (const text of [
      '{',
      '{"a": }',
      "{'a': 1}",
      '{"a": 1} more',
      '\u0000',
      '<flag/>',
      'id=x&name=y',
      '{"a": NaN}',
      '{"a":1,}',
    ]) {
      expectProblem(await send(text), 400, 'malformed_json');
    }
    expect(await everything()).toEqual(before);
  });

  it('refuses another type of content', async () => {
    const before = await everything();
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'nonsense',
    ];
    for (const type of types) {
      const answer = await send('{"name": "Sent as something else"}', { 'Content-Type': type });
      expect([type, answer.headers['content-type']]).toEqual([type, 'application/problem+json']);
      expect([type, [400, 415].includes(answer.status)]).toEqual([type, true]);
    }
    expect(await everything()).toEqual(before);
  });

  it('refuses a body that is too large, also one that is small before it is unpacked', async () => {
    const text = JSON.stringify({ name: 'x'.repeat(MIB) });
    const setting = path === IMPORT ? 'FLAGWIRE_IMPORT_BYTES' : 'FLAGWIRE_BODY_BYTES';
    const detail = `The body is larger than 1048576 bytes: send less at once, or raise ${setting}.`;
    for (const answer of [await send(text), await send(gzipSync(text), { 'Content-Encoding': 'gzip' })]) {
      expectProblem(answer, 413, 'body_too_large');
      expect(answer.body).toMatchObject({ detail });
    }
  });

  it('refuses what is deeper than a stack', async () => {
    for (const deep of ['['.repeat(100_000) + ']'.repeat(100_000), `${'{"a":'.repeat(90_000)}1${'}'.repeat(90_000)}`]) {
      const answer = await send(deep);
      expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/problem+json']);
    }
    expect((await admin.request('GET', '/health/live')).status).toBe(200);
  });
});

describe('a body', () => {
  it('of one mebibyte is taken, one byte more is not', async () => {
    const fits = await admin.request('POST', FLAGS, flagOf(MIB));
    expect([fits.status, (fits.body as { id: string }).id]).toEqual([201, `f${MIB}`]);
    const over = await admin.request('POST', FLAGS, flagOf(MIB + 1));
    expectProblem(over, 413, 'body_too_large');
    expect((over.body as { detail: string }).detail).toContain(String(MIB));
    expect((await admin.request('GET', `${FLAGS}/f${MIB + 1}`)).status).toBe(404);
  });

  it('packed by gzip is taken, in what else it is packed is not', async () => {
    const packed = await admin.request('POST', FLAGS, gzipSync(flagOf(200)), { 'Content-Encoding': 'gzip' });
    expect(packed.status).toBe(201);
    expectProblem(await admin.request('POST', FLAGS, flagOf(201), { 'Content-Encoding': 'zip' }), 415, 'unsupported_encoding');
    const broken = await admin.request('POST', FLAGS, flagOf(202), { 'Content-Encoding': 'gzip' });
    expect([broken.status, broken.headers['content-type']]).toEqual([400, 'application/problem+json']);
  });

  it('in another charset is refused, UTF-8 in any spelling is taken', async () => {
    const latin = Buffer.from(flagOf(300).replace('"x"', '"\u00fc"'), 'latin1');
    const answer = await admin.request('POST', FLAGS, latin, { 'Content-Type': 'application/json; charset=iso-8859-1' });
    expectProblem(answer, 415, 'unsupported_charset');
    for (const [index, charset] of ['utf-8', 'UTF-8', '"utf-8"'].entries()) {
      const headers = { 'Content-Type': `application/json; charset=${charset}` };
      expect([charset, (await admin.request('POST', FLAGS, flagOf(400 + index), headers)).status]).toEqual([charset, 201]);
    }
  });

  it('with a name twice has the last one, as JSON.parse does, and what is checked is what is stored', async () => {
    const text = '{"id": "a b", "id": "twice", "name": "", "name": "Twice", "value_type": "boolean", "variants": {"on": true}}';
    const answer = await admin.request('POST', FLAGS, text);
    expect(answer).toMatchObject({ status: 201, body: { id: 'twice', name: 'Twice' } });
  });

  it('with half a character is refused: no database and no stream could carry it', async () => {
    const text = '{"id": "half", "name": "\\ud800", "value_type": "string", "variants": {"on": "\\udfff"}}';
    const answer = await admin.request('POST', FLAGS, text);
    expectProblem(answer, 400, 'invalid_input');
  });

  it('with a NUL in a value is stored whole, or refused by name', async () => {
    const text = '{"id": "nul", "name": "x", "value_type": "string", "variants": {"on": "a\\u0000b"}}';
    const answer = await admin.request('POST', FLAGS, text);
    if (answer.status !== 201) expectProblem(answer, 400, 'invalid_input');
    const stored = await admin.request('GET', `${FLAGS}/nul`);
    const variants = stored.status === 200 ? (stored.body as { variants: object }).variants : { on: 'a\u0000b' };
    expect(variants).toEqual({ on: 'a\u0000b' });
  });

  it('is not needed where none is asked for, and one that is sent there is no harm', async () => {
    await admin.archive('right');
    expect((await admin.request('POST', `${FLAGS}/right/restore`)).status).toBe(200);
    expect((await admin.request('POST', `${FLAGS}/right/restore`, {})).status).toBe(200);
  });
});

describe('a document', () => {
  const text = JSON.stringify({
    format: 'flagwire',
    version: 1,
    flags: [{ ...JSON.parse(flagOf(200)), id: 'imported', name: 'Für alle' }],
  });
  const send = (body: Buffer | string, headers: Record<string, string> = {}) =>
    admin.request('POST', `${IMPORT}?dry_run=true`, body, headers);

  it('may be packed in all ways that are named, and is refused where it is not whole', async () => {
    const packed: [string, Buffer][] = [
      ['gzip', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['br', brotliCompressSync(text)],
      ['GZIP', gzipSync(text)],
      ['identity', Buffer.from(text)],
    ];
    for (const [coding, bytes] of packed) {
      const answer = await send(bytes, { 'Content-Encoding': coding });
      expect([coding, answer]).toMatchObject([coding, { status: 200, body: { flags: { created: 1 } } }]);
      const cut = await send(bytes.subarray(0, -20), { 'Content-Encoding': coding });
      expectProblem(cut, 400, 'malformed_json');
    }
    expectProblem(await send(text, { 'Content-Encoding': 'zip' }), 415, 'unsupported_encoding');
    expectProblem(await send(text, { 'Content-Encoding': 'br' }), 400, 'malformed_json');
  });

  it('is UTF-8, whatever it says', async () => {
    const latin = Buffer.from(text, 'latin1');
    expectProblem(await send(latin), 400, 'malformed_json');
    expectProblem(await send(latin, { 'Content-Type': 'application/json; charset=latin1' }), 415, 'unsupported_charset');
    expectProblem(await send(Buffer.from(text).subarray(0, Buffer.from(text).indexOf('ü') + 1)), 400, 'malformed_json');
    expect((await send(text, { 'Content-Type': 'application/json; charset="UTF-8"' })).status).toBe(200);
    expect((await send(`\ufeff${text}`)).status).toBe(200);
  });

  it('is an object: nothing, and what has no fields, lacks them', async () => {
    for (const json of ['', '{}']) expectProblem(await send(json), 400, 'invalid_input');
    for (const json of ['1', '"text"', 'null', ' ']) expectProblem(await send(json), 400, 'malformed_json');
    expectProblem(await send('[]'), 400, 'invalid_input');
  });
});

describe('a body of another type is refused where it would be ignored otherwise', () => {
  // What `curl -d` sends where nobody says what it is.
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };

  it('a key that shall end at once does not get a day of grace', async () => {
    const { id } = await admin.createKey('staging');
    const path = `/api/projects/default/environments/staging/sdk-keys/${id}/rotate`;
    expect([400, 415]).toContain((await admin.request('POST', path, '{"grace_seconds": 0}', headers)).status);
  });

  it('a ticket for one flag does not become one for all', async () => {
    const { key } = await admin.createKey('staging');
    const answer = await admin.as(key).request('POST', '/sdk/ticket', '{"flags": ["right"]}', headers);
    expect([400, 415]).toContain(answer.status);
  });
});

describe('a path', () => {
  it.each(['/api/projects/%', '/api/projects/%ff', '/api/projects/default/flags/%E0%A4%A'])('"%s" is malformed', async (path) => {
    expectProblem(await admin.request('GET', path), 400, 'malformed_url');
  });

  it.each(['/api', '/api/nowhere', '/api/projects/default/nowhere', '/', '/index.html'])('"%s" is no route', async (path) => {
    expectProblem(await admin.request('GET', path), 404, 'route_not_found');
  });
});
