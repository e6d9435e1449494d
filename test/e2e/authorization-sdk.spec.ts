import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { ask, each } from './support/ask.js';
import { type OpenApi } from './support/openapi-sample.js';
import { isOfSdks, LINES, type SdkLine } from './support/route-lines.js';
import { makeWorld, type World } from './support/scopes-world.js';

const AT_A_TIME = 6;
/** Where a credential may stand in a request. */
const PLACES = ['bearer', 'x-api-key', 'key', 'ticket'] as const;
type Place = (typeof PLACES)[number];

interface Held {
  kind: keyof SdkLine;
  text: string;
}

function placed(path: string, held: readonly (readonly [Place, string])[]): [path: string, headers: Record<string, string>] {
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const [place, text] of held) {
    if (place === 'bearer') headers['Authorization'] = `Bearer ${text}`;
    else if (place === 'x-api-key') headers['X-API-Key'] = text;
    else query.set(place, text);
  }
  return [`${path}${path.includes('?') || query.size === 0 ? '' : '?'}${query.toString()}`, headers];
}

describeEachDatabase('authorization of SDK keys', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let world: World;
  let ours: Held[];
  let foreign: Held[];
  let sdk: { method: string; path: string; line: SdkLine }[];
  let closed: { method: string; path: string }[];

  async function credentials(env: string, project: string): Promise<Held[]> {
    const { key } = await admin.createKey(env, 'server', {}, { project });
    const client = (await admin.createKey(env, 'client', {}, { project })).key;
    const { ticket } = (await admin.as(key).call<{ ticket: string }>('POST', '/sdk/ticket', {})).body;
    return [
      { kind: 'server', text: key },
      { kind: 'client', text: client },
      { kind: 'ticket', text: ticket },
    ];
  }

  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    world = await makeWorld(admin);
    ours = await credentials('mine', world.projects.ours);
    foreign = [...(await credentials('other', world.projects.ours)), ...(await credentials('mine', world.projects.theirs))];
    const document = (await admin.call<OpenApi>('GET', '/docs-json')).body;
    const all = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((verb) => ({ method: verb.toUpperCase(), path })),
    );
    sdk = all.flatMap(({ method, path }) => {
      const line = LINES[`${method} ${path}`];
      return typeof line === 'object' && 'client' in line ? [{ method, path, line }] : [];
    });
    const isSdk = (route: string) => sdk.some(({ method, path }) => `${method} ${path}` === route);
    closed = all.filter(({ method, path }) => LINES[`${method} ${path}`] !== 'open' && !isSdk(`${method} ${path}`));
  });

  const bodyOf = (method: string) => (method === 'POST' ? {} : undefined);

  function filledIn(path: string): string {
    const values: Record<string, string> = { project: world.projects.ours, env: 'mine', flag: 'x' };
    return path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? world.keys[0]?.id ?? '');
  }

  it('lets no key and no ticket, of whatever environment, use a route of the admin API', async () => {
    const found: string[] = [];
    const entries = closed.flatMap((route) =>
      [...ours, ...foreign].flatMap((held) => PLACES.map((place) => ({ ...route, held, place }))),
    );
    await each(entries, AT_A_TIME, async ({ method, path, held, place }) => {
      const [target, headers] = placed(filledIn(path), [[place, held.text]]);
      const { status, text } = await ask(server.url, method, target, headers, bodyOf(method));
      if (status !== 401 && status !== 429) found.push(`${held.kind} in ${place}: ${method} ${path}: ${status} ${text}`);
    });
    expect(entries.length).toBeGreaterThan(closed.length * 30);
    expect(found).toEqual([]);
  });

  it('opens to each kind of credential what the table says, and shows a key no environment but its own', async () => {
    const found: string[] = [];
    for (const { method, path, line } of sdk) {
      for (const held of [...ours, ...foreign]) {
        const [target, headers] = placed(path, [[held.kind === 'ticket' ? 'ticket' : 'bearer', held.text]]);
        const { status, text } = await ask(server.url, method, target, headers, bodyOf(method));
        const what = `${held.kind}: ${method} ${path}`;
        if (status !== line[held.kind]) found.push(`${what}: ${status} ${text}`);
        const own = ours.includes(held);
        const strange = own ? /mark-theirs|mark-ours-other/ : /mark-ours-mine/;
        if (strange.test(text)) found.push(`${what} shows ${String(strange.exec(text)?.[0])}`);
        // Or the sentence above would hold for an empty environment.
        const shows = status === 200 && method === 'GET' && !/mark-(ours|theirs)-flag/.test(text);
        if (shows) found.push(`${what} shows no flag at all`);
      }
    }
    expect(found).toEqual([]);
  });

  it('never gives a client key a flag, a value or a rule, wherever it stands and whatever it asks for', async () => {
    const clients = [...ours, ...foreign].filter(({ kind }) => kind === 'client');
    const queries = ['', '?env=mine', '?env=other', '?flags=*', '?since=none', '?last_event_id=none', '?wait=1', '?flags=m*'];
    const found: string[] = [];
    for (const { method, path } of [...sdk, ...closed.map((route) => ({ ...route, path: filledIn(route.path) }))]) {
      for (const { text: key } of clients) {
        for (const place of PLACES) {
          for (const query of isOfSdks(path) ? queries : ['']) {
            const [target, headers] = placed(`${path}${query}${query === '' ? '' : '&'}`, [[place, key]]);
            const { status, text } = await ask(server.url, method, target, headers, bodyOf(method));
            if (status < 400) found.push(`${method} ${path}${query}: ${status}`);
            if (/mark-|"targeting"|"variants"|"flags"/.test(text)) found.push(`${method} ${path}${query} shows ${text}`);
          }
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('lets no admin token use a route of the SDKs', async () => {
    const { token } = await admin.createToken('admin');
    const found: string[] = [];
    for (const { method, path } of sdk) {
      for (const text of [token, server.adminToken]) {
        for (const place of PLACES) {
          const [target, headers] = placed(path, [[place, text]]);
          const { status } = await ask(server.url, method, target, headers, bodyOf(method));
          if (![400, 401, 429].includes(status)) found.push(`${method} ${path} in ${place}: ${status}`);
        }
      }
    }
    expect(found).toEqual([]);
  });

  it('refuses two different credentials with 400 on every route of the SDKs, wherever they stand', async () => {
    const [server1, , ticket] = ours.map(({ text }) => text);
    const server2 = foreign[0]?.text ?? '';
    const found: string[] = [];
    for (const { method, path } of sdk) {
      for (const [index, first] of PLACES.entries()) {
        for (const second of PLACES.slice(index + 1)) {
          const texts = [first === 'ticket' ? ticket : server1, second === 'ticket' ? ticket : server2] as [string, string];
          const [target, headers] = placed(path, [
            [first, texts[0]],
            [second, texts[1]],
          ]);
          const { status } = await ask(server.url, method, target, headers, bodyOf(method));
          if (status !== 400) found.push(`${method} ${path} with ${first} and ${second}: ${status}`);
        }
      }
    }
    expect(found).toEqual([]);
  });
});
