import { beforeAll, expect, it } from '@jest/globals';
import { type AdminAnswer } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { clientFor, everything, flawOf, type WriteRoute, writeRoutes } from './support/hostile.js';
import { type OpenApi, textFields } from './support/openapi-sample.js';

/** What no name, key or id may have in it, and how a refusal calls it. */
const ODD: readonly [text: string, called: string][] = [
  ['\ufeffa', 'U+FEFF (byte order mark)'],
  ['a\ufeffb', 'U+FEFF (byte order mark)'],
  ['a\ufeff', 'U+FEFF (byte order mark)'],
  ['a\u0000b', 'U+0000 (NUL)'],
  ['a\nb', 'U+000A (line feed)'],
  ['a\u001bb', 'U+001B (control character)'],
  ['a\ud800', 'U+D800 (half a character)'],
];
const NOT_UTF8 = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]];

const project = '/api/projects/{project}';
const environment = `${project}/environments/{env}`;
const flag = { id: 'new', name: 'New', value_type: 'boolean', variants: { on: true } };
const key = { name: 'New', kind: 'client' };
const named = { key: 'new', name: 'New' };
const exported = { format: 'flagwire', version: 1 };

interface Place {
  route: string;
  /** The field that a refusal names: its path is this one, or begins with it. */
  path: string;
  /** Right in all but this place. */
  body: (text: string) => object;
  /** A name: anything but odd characters. Others have an alphabet, or must be there, and their refusals say so. */
  isName?: boolean;
}

const place = (route: string, path: string, body: Place['body']): Place => ({ route, path, body });
const name = (route: string, path: string, body: Place['body']): Place => ({ route, path, body, isName: true });

const PLACES: readonly Place[] = [
  place('POST /api/projects', 'key', (text) => ({ ...named, key: text })),
  name('POST /api/projects', 'name', (text) => ({ ...named, name: text })),
  name(`PATCH ${project}`, 'name', (text) => ({ name: text })),
  place(`POST ${project}/environments`, 'key', (text) => ({ ...named, key: text })),
  name(`POST ${project}/environments`, 'name', (text) => ({ ...named, name: text })),
  name(`PATCH ${environment}`, 'name', (text) => ({ name: text })),
  place(`POST ${project}/flags`, 'id', (text) => ({ ...flag, id: text })),
  name(`POST ${project}/flags`, 'name', (text) => ({ ...flag, name: text })),
  name(`POST ${project}/flags`, 'owner', (text) => ({ ...flag, owner: text })),
  name(`POST ${project}/flags`, 'tags', (text) => ({ ...flag, tags: ['right', text] })),
  name(`POST ${project}/flags`, 'variants', (text) => ({ ...flag, variants: { on: true, [text]: false } })),
  place(`POST ${project}/flags`, 'default_variant', (text) => ({ ...flag, default_variant: text })),
  place(`POST ${project}/flags`, 'environments', (text) => ({ ...flag, environments: { [text]: {} } })),
  name(`PATCH ${project}/flags/{flag}`, 'name', (text) => ({ name: text })),
  name(`PATCH ${project}/flags/{flag}`, 'owner', (text) => ({ owner: text })),
  name(`PATCH ${project}/flags/{flag}`, 'tags', (text) => ({ tags: [text] })),
  name(`PATCH ${project}/flags/{flag}`, 'variants', (text) => ({ variants: { on: true, off: false, [text]: true } })),
  place(`PATCH ${project}/flags/{flag}`, 'default_variant', (text) => ({ default_variant: text })),
  place(`PATCH ${project}/flags/{flag}/environments/{env}`, 'default_variant', (text) => ({ default_variant: text })),
  place(`POST ${environment}/change-sets`, 'changes[0].flag', (text) => ({ changes: [{ flag: text, status: 'enabled' }] })),
  place(`POST ${environment}/change-sets`, 'changes[0].default_variant', (text) => ({
    changes: [{ flag: 'right', default_variant: text }],
  })),
  name(`POST ${environment}/sdk-keys`, 'name', (text) => ({ ...key, name: text })),
  name(`POST ${environment}/sdk-keys`, 'allowed_origins', (text) => ({ ...key, allowed_origins: [text] })),
  name('POST /api/tokens', 'name', (text) => ({ name: text, role: 'viewer' })),
  place('POST /api/tokens', 'project', (text) => ({ name: 'New', role: 'viewer', project: text })),
  place('POST /api/tokens', 'environments', (text) => ({ name: 'New', role: 'viewer', environments: [text] })),
  place(`POST ${project}/import`, 'flags[0].id', (text) => ({ ...exported, flags: [{ ...flag, id: text }] })),
  name(`POST ${project}/import`, 'flags[0].name', (text) => ({ ...exported, flags: [{ ...flag, name: text }] })),
  name(`POST ${project}/import`, 'flags[0].owner', (text) => ({ ...exported, flags: [{ ...flag, owner: text }] })),
  name(`POST ${project}/import`, 'flags[0].tags', (text) => ({ ...exported, flags: [{ ...flag, tags: [text] }] })),
  name(`POST ${project}/import`, 'flags[0].variants', (text) => ({
    ...exported,
    flags: [{ ...flag, variants: { on: true, [text]: false } }],
  })),
  place(`POST ${project}/import`, 'flags[0].default_variant', (text) => ({
    ...exported,
    flags: [{ ...flag, default_variant: text }],
  })),
  place(`POST ${project}/import`, 'environments[0].key', (text) => ({
    ...exported,
    environments: [{ ...named, key: text }],
    flags: [],
  })),
  name(`POST ${project}/import`, 'environments[0].name', (text) => ({
    ...exported,
    environments: [{ ...named, name: text }],
    flags: [],
  })),
  place('POST /sdk/ack', 'connection_id', (text) => ({ connection_id: text, id: 'none' })),
  place('POST /sdk/ack', 'id', (text) => ({ connection_id: 'mine', id: text })),
  place('POST /sdk/ticket', 'flags', (text) => ({ flags: ['right', text] })),
];

/** What is no name: texts of several lines, and where a document says that it comes from, at which nobody looks. */
const NO_NAMES = ['description', 'comment', 'project.key', 'project.name', 'flags[0].description'];

function flawIn(answer: AdminAnswer, { path, isName }: Place, called: string): string | null {
  const flaw = flawOf(answer);
  if (flaw !== null) return flaw;
  const { errors = [] } = answer.body as { errors?: { path: string; message: string }[] };
  const said = errors.find((mistake) => mistake.path.startsWith(path));
  if (said === undefined) return `not named: ${JSON.stringify(answer.body)}`;
  return isName !== true || said.message.includes(called) ? null : `does not say ${called}: ${said.message}`;
}

describeEachDatabase('a name, a key or an id', (database) => {
  const start = useServers();
  let server: TestServer;
  let sdkKey: string;
  let routes: Map<string, WriteRoute>;

  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_TICKETS_PER_MINUTE: '1000' } });
    await server.admin.createFlag('right');
    const made = await server.admin.createKey('staging');
    sdkKey = made.key;
    routes = new Map((await writeRoutes(server, made.id)).map((route) => [`${route.method} ${route.name}`, route]));
  });

  function send({ route }: Place, body: object | Buffer): Promise<AdminAnswer> {
    const found = routes.get(route);
    if (found === undefined) throw new Error(`no such route: ${route}`);
    return clientFor(found, server.admin, sdkKey).request(found.method, found.path, body);
  }

  it('stands in the list above, whichever route takes it', async () => {
    const { body: document } = await server.admin.call<OpenApi>('GET', '/docs-json');
    const listed = new Set(PLACES.map(({ route, path }) => `${route} ${path}`));
    const isListed = (entry: string) => listed.has(entry) || NO_NAMES.some((path) => entry.endsWith(` ${path}`));
    const all = textFields(document);
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter((entry) => !isListed(entry))).toEqual([]);
  });

  it('with a byte order mark, a control character or half a character is refused, and the field and the character named', async () => {
    const before = await everything(server.admin);
    const flaws: string[] = [];
    for (const where of PLACES) {
      for (const [text, called] of ODD) {
        const flaw = flawIn(await send(where, where.body(text)), where, called);
        if (flaw !== null) flaws.push(`${where.route} ${where.path} ${JSON.stringify(text)}: ${flaw}`);
      }
    }
    expect(flaws).toEqual([]);
    expect(await everything(server.admin)).toEqual(before);
  });

  it('with bytes that are not UTF-8 is refused with the body that it stands in', async () => {
    const before = await everything(server.admin);
    const flaws: string[] = [];
    for (const where of PLACES) {
      const [head = '', tail = ''] = JSON.stringify(where.body('@HERE@')).split('@HERE@');
      for (const bytes of NOT_UTF8) {
        const answer = await send(where, Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from(tail)]));
        const { code, detail } = answer.body as { code: string; detail: string };
        const isSaid = code === 'malformed_json' && detail.includes('not UTF-8');
        const flaw = flawOf(answer) ?? (isSaid ? null : detail);
        if (flaw !== null) flaws.push(`${where.route} ${where.path} ${bytes.join(' ')}: ${flaw}`);
      }
    }
    expect(flaws).toEqual([]);
    expect(await everything(server.admin)).toEqual(before);
  });

  it('that is only looked for may have a byte order mark: there is nothing of that name', async () => {
    for (const query of ['search=%EF%BB%BFright', 'tag=right%EF%BB%BF', 'search=%EF%BB%BF']) {
      const { status, body } = await server.admin.request('GET', `/api/projects/default/flags?${query}`);
      expect([query, status, (body as { items?: unknown[] }).items]).toEqual([query, 200, []]);
    }
  });

  it('may have what looks odd and is a character', async () => {
    for (const text of ['a\u2028b', 'a\u200db', '\u202ea', 'a\ufffdb', '\u{1f44d}']) {
      const renamed = await server.admin.request('PATCH', '/api/projects/default/flags/right', { name: text, tags: [text] });
      expect([text, renamed.status]).toEqual([text, 200]);
      expect(renamed.body).toMatchObject({ name: text });
    }
  });
});
