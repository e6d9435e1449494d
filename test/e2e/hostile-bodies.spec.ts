import { beforeAll, expect, it } from '@jest/globals';
import { RawHttp } from '../support/raw-http.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { clientFor, everything, flawOf, type WriteRoute, writeRoutes } from './support/hostile.js';

const FLAGS = '/api/projects/default/flags';
const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype'];
const FIELDS = '"id": "new", "name": "New", "value_type": "object", "variants": {"on": {"a": 1}}';

describeEachDatabase('a hostile body', (database) => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let routes: WriteRoute[];

  beforeAll(async () => {
    server = await start({ database });
    const { admin } = server;
    await admin.createFlag('right');
    const made = await admin.createKey('staging');
    key = made.key;
    routes = await writeRoutes(server, made.id);
    if (routes.length < 13) throw new Error(`only ${routes.length} routes take a body`);
  });

  /** Sends each body to each route; nothing may be written, and every answer has to say what to change. */
  async function expectRefused(bodies: readonly (string | Buffer)[]): Promise<void> {
    const before = await everything(server.admin);
    const flaws: string[] = [];
    for (const route of routes) {
      for (const body of bodies) {
        const answer = await clientFor(route, server.admin, key).request(route.method, route.path, body);
        const flaw = flawOf(answer);
        if (flaw !== null) flaws.push(`${route.method} ${route.name} ${body.toString().slice(0, 80)}: ${flaw}`);
      }
    }
    expect(flaws).toEqual([]);
    expect(await everything(server.admin)).toEqual(before);
  }

  /** A new flag with this text among its fields. */
  async function expectFlagRefused(fields: string): Promise<void> {
    const before = await everything(server.admin);
    const answer = await server.admin.request('POST', FLAGS, `{${fields}}`);
    expect([fields.slice(0, 100), flawOf(answer)]).toEqual([fields.slice(0, 100), null]);
    expect(await everything(server.admin)).toEqual(before);
  }

  it('bytes that are not UTF-8 are refused, not replaced', async () => {
    const bad = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]];
    const bodies = bad.flatMap((bytes) => [
      Buffer.concat([Buffer.from('{"name": "a'), Buffer.from(bytes), Buffer.from('b"}')]),
      Buffer.concat([Buffer.from('{"a'), Buffer.from(bytes), Buffer.from('": 1}')]),
    ]);
    await expectRefused(bodies);
    const flag = Buffer.from(
      `{"id": "latin", "name": "M\u00fcsli", "value_type": "boolean", "variants": {"on": true}}`,
      'latin1',
    );
    expect(await server.admin.request('POST', FLAGS, flag)).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
    expect((await server.admin.request('GET', `${FLAGS}/latin`)).status).toBe(404);
  });

  it('in UTF-16 or UTF-7 is refused: JSON is UTF-8', async () => {
    for (const charset of ['utf-16', 'utf-16le', 'utf-32', 'utf-7']) {
      const headers = { 'Content-Type': `application/json; charset=${charset}` };
      const body = Buffer.from(`{${FIELDS}}`, charset.startsWith('utf-16') ? 'utf16le' : 'utf8');
      const answer = await server.admin.request('POST', FLAGS, body, headers);
      expect([charset, answer.status, (answer.body as { code: string }).code]).toEqual([charset, 415, 'unsupported_charset']);
    }
  });

  it('with a byte order mark is the JSON behind it; one inside is a mistake', async () => {
    const marked = await server.admin.request('PATCH', '/api/projects/default', '\ufeff{"name": "Default"}');
    expect(marked.status).toBe(200);
    await expectRefused(['\ufeff\ufeff{"name": "a"}', '{\ufeff"name": "a"}']);
  });

  it.each(PROTOTYPE_NAMES)('with %s among its fields is refused by every route', async (name) => {
    await expectRefused([`{"${name}": {"role": "admin"}}`, `{"${name}": null}`, `{"\\u005f${name.slice(1)}": 1, "${name}": 1}`]);
  });

  it.each(PROTOTYPE_NAMES)('with %s inside a value, a rule, a tag, an environment or a change is refused', async (name) => {
    const inside = `{"${name}": {"polluted": true}}`;
    await expectFlagRefused(FIELDS.replace('{"a": 1}', inside));
    await expectFlagRefused(FIELDS.replace('{"a": 1}', `{"list": [${inside}]}`));
    await expectFlagRefused(`${FIELDS}, "environments": ${inside}`);
    await expectFlagRefused(`${FIELDS}, "environments": {"staging": ${inside}}`);
    await expectFlagRefused(`${FIELDS}, "environments": {"staging": {"targeting": ${inside}}}`);
    await expectFlagRefused(`${FIELDS}, "environments": {"staging": {"targeting": {"if": [{"var": "${name}.x"}, "on"]}}}`);
    await expectFlagRefused(`${FIELDS}, "tags": [${inside}]`);
    const sets = '/api/projects/default/environments/staging/change-sets';
    for (const change of [inside, `{"flag": "right", "${name}": {}}`, `{"flag": "right", "targeting": ${inside}}`]) {
      expect(flawOf(await server.admin.request('POST', sets, `{"changes": [${change}]}`))).toBeNull();
    }
    expect((await server.admin.getEnv('right', 'staging')).body).not.toHaveProperty('polluted');
  });

  it('with an id, a key or a name of 500 characters, a NUL or a line break is refused', async () => {
    const texts = ['x'.repeat(500), 'a\u0000b', 'a\nb', 'a\r\nb', 'a\u001bb'].map((text) => JSON.stringify(text));
    for (const text of texts) {
      await expectFlagRefused(FIELDS.replace('"new"', text));
      await expectFlagRefused(FIELDS.replace('"New"', text));
      await expectFlagRefused(FIELDS.replace('"on"', text));
      await expectFlagRefused(`${FIELDS}, "owner": ${text}`);
      await expectFlagRefused(`${FIELDS}, "tags": [${text}]`);
      await expectFlagRefused(`${FIELDS}, "environments": {${text}: {}}`);
      await expectFlagRefused(`${FIELDS}, "environments": {"staging": {"default_variant": ${text}}}`);
    }
    await expectRefused(
      texts.map((text) => `{"key": ${text}, "name": ${text}, "kind": ${text}, "role": ${text}, "flag": ${text}}`),
    );
  });

  it('with targeting nested 200 deep, or with an operator that is none, is refused', async () => {
    const deep = `${'{"!": ['.repeat(200)}true${']}'.repeat(200)}`;
    for (const targeting of [deep, '{"exec": ["id"]}', '{"if": [{"eval": "1"}, "on"]}', '{"$ref": "other"}']) {
      await expectFlagRefused(`${FIELDS}, "environments": {"staging": {"targeting": ${targeting}}}`);
      const path = `${FLAGS}/right/environments/staging`;
      expect(flawOf(await server.admin.request('PATCH', path, `{"targeting": ${targeting}}`))).toBeNull();
    }
  });

  it('with variants of more than one type is refused whole', async () => {
    for (const variants of ['{"a": {}, "b": 1}', '{"a": "x", "b": {}}', '{"a": null}', '{"a": [], "b": {}}']) {
      await expectFlagRefused(FIELDS.replace('{"on": {"a": 1}}', variants));
    }
  });

  it('with more values than anybody needs is refused', async () => {
    const many = `[${Array.from({ length: 300_000 }, () => '{}').join(',')}]`;
    await expectRefused([
      many,
      ...['name', 'flags', 'changes', 'tags', 'environments', 'allowed_origins'].map((field) => `{"${field}": ${many}}`),
    ]);
    const environments = Array.from({ length: 50_000 }, (_, index) => `"e${index}": {}`).join(',');
    await expectFlagRefused(`${FIELDS}, "environments": {${environments}}`);
    await expectFlagRefused(FIELDS.replace('{"a": 1}', `{"a": ${many}}`));
  });

  it('that says it is too long is refused before it has come', async () => {
    for (const route of routes) {
      const { method, path } = route;
      const { token } = clientFor(route, server.admin, key);
      const socket = await RawHttp.connect({ port: server.port });
      const headers = ['Host: x', `Authorization: Bearer ${token}`, 'Content-Type: application/json'];
      await socket.send([`${method} ${path} HTTP/1.1`, ...headers, 'Content-Length: 52428800', '', '{"name": "'].join('\r\n'));
      const head = await socket.readHead(method);
      // OFREP knows no 413, and has a form of its own.
      const isOfrep = path.startsWith('/ofrep/');
      const form = isOfrep ? [400, 'application/json; charset=utf-8'] : [413, 'application/problem+json'];
      expect([path, head.status, head.headers.get('content-type')]).toEqual([path, ...form]);
      const said = isOfrep ? { errorCode: 'INVALID_CONTEXT' } : { code: 'body_too_large' };
      expect(JSON.parse((await socket.readBody()).toString())).toMatchObject(said);
      socket.destroy();
    }
  });
});
