import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ask, type Asked, each } from './support/ask.js';
import { describeCase, expected, HOLDERS, pathOf, targetsOf } from './support/authorization-cases.js';
import { type Case, type Holder, type Route } from './support/authorization-cases.js';
import { type OpenApi, sampleBody } from './support/openapi-sample.js';
import { LINES } from './support/route-lines.js';
import { makeWorld, type World } from './support/scopes-world.js';

const AT_A_TIME = 6;
/** Well-formed, and nothing that any route takes: who may not use a route is told that first. */
const NONSENSE = { nonsense: [1] };

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const isSuccess = ({ status }: Asked) => status >= 200 && status <= 299;

describeEachDatabase('authorization', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let document: OpenApi;
  let routes: Route[];
  let shared: World;
  let fresh = 0;
  const tokens = new Map<Holder, string>();

  async function tokenFor({ role, reach, life }: Holder, { projects }: World): Promise<string> {
    if (life === 'setting') return server.adminToken;
    const scope = reach === 'server' ? {} : { project: projects.ours };
    const environments = reach === 'environment' ? { environments: ['mine'] } : {};
    const end = life === 'expired' ? { expires_at: new Date(Date.now() + 300).toISOString() } : {};
    const name = `${role} of the ${reach}`;
    const { id, token } = await admin.createToken(role, { name, ...scope, ...environments, ...end });
    if (life === 'revoked') await admin.call('DELETE', `/api/tokens/${id}`);
    return token;
  }

  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    document = (await admin.call<OpenApi>('GET', '/docs-json')).body;
    routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([verb, operation]) => {
        const method = verb.toUpperCase();
        const line = LINES[`${method} ${path}`];
        if (line === undefined || line === 'open' || 'client' in line) return [];
        return [{ method, path, line, sample: sampleBody(document, operation) }];
      }),
    );
    shared = await makeWorld(admin);
    for (const holder of HOLDERS) tokens.set(holder, await tokenFor(holder, shared));
    const expired = tokens.get(HOLDERS.find(({ life }) => life === 'expired') as Holder) ?? '';
    const answered = async () => (await admin.as(expired).request('GET', '/api/projects')).status === 401;
    await eventually(answered, { what: 'the end of a token' });
  });

  function bodyOf({ route: { sample, line }, target }: Case): object | undefined {
    const own = line.body?.(`fresh-${(fresh += 1)}`, target.project === 'theirs' ? 'mark-theirs-flag' : 'mark-ours-flag');
    return sample === undefined ? undefined : { ...sample, ...own };
  }

  async function send(entry: Case, world: World, token: string, body = bodyOf(entry)): Promise<Asked> {
    return ask(server.url, entry.route.method, pathOf(entry.route, entry.target, world), bearer(token), body);
  }

  function cases(): Case[] {
    return routes.flatMap((route) => HOLDERS.flatMap((holder) => targetsOf(route).map((target) => ({ route, holder, target }))));
  }

  /** What an answer must not hold for this reader, beside figures of the node, which name every environment. */
  function outOfReach({ holder, route }: Case, text: string): string | undefined {
    if (route.line.about === 'figures') return undefined;
    if (holder.reach === 'project') return /mark-theirs/.exec(text)?.[0];
    return holder.reach === 'environment' ? /mark-theirs|mark-ours-other/.exec(text)?.[0] : undefined;
  }

  it('has a line in the table for each route of the document, and no line for what is no route', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(Object.keys(LINES).sort()).toEqual(documented.sort());
  });

  it('refuses everybody who may not, with the same answer whether or not the thing is there, before it looks at the body', async () => {
    const refused = cases().filter((entry) => expected(entry, shared) !== 'success');
    const found: string[] = [];
    await each(refused, AT_A_TIME, async (entry) => {
      const right = expected(entry, shared);
      const token = tokens.get(entry.holder) ?? '';
      const answer = await send(entry, shared, token);
      if (!right.includes(answer.status as never)) found.push(`${describeCase(entry)}: ${answer.status} ${answer.text}`);
      if (entry.route.sample === undefined || entry.target.thing > 0 || right.includes(404 as never)) return;
      const { status } = await send(entry, shared, token, NONSENSE);
      if (!right.includes(status as never)) found.push(`${describeCase(entry)}: ${status} with a body that is not valid`);
    });
    expect(refused.length).toBeGreaterThan(1500);
    expect(found).toEqual([]);
  }, 180_000);

  it('has written nothing for them', async () => {
    for (const project of [shared.projects.ours, shared.projects.theirs]) {
      for (const env of ['mine', 'other']) expect((await admin.getEnvironment(env, { project })).body.revision).toBe(1);
    }
    const { body } = await admin.call<{ items: { key: string }[] }>('GET', '/api/projects?limit=100');
    expect(body.items.map(({ key }) => key).sort()).toEqual(['default', shared.projects.ours, shared.projects.theirs].sort());
  });

  it('lets in whoever may, and shows them nothing that is out of their reach', async () => {
    const allowed = cases().filter((entry) => expected(entry, shared) === 'success');
    const found: string[] = [];
    await each(allowed, AT_A_TIME, async (entry) => {
      const { route, holder } = entry;
      const world = route.line.spends ? await makeWorld(admin, route.path.endsWith('/restore')) : shared;
      const token = route.line.spends ? await tokenFor(holder, world) : (tokens.get(holder) ?? '');
      const answer = await send(entry, world, token);
      if (!isSuccess(answer)) found.push(`${describeCase(entry)}: ${answer.status} ${answer.text}`);
      const seen = outOfReach(entry, answer.text);
      if (seen !== undefined) found.push(`${describeCase(entry)} shows ${seen}`);
    });
    expect(allowed.length).toBeGreaterThan(150);
    expect(found).toEqual([]);
  }, 180_000);

  it('tells nobody whether there is a project, or an environment, that the token does not open', async () => {
    const limited = HOLDERS.filter(({ reach, life }) => reach !== 'server' && life === 'live');
    const { theirs, ours } = shared.projects;
    const pairs = [
      [`/api/projects/${theirs}`, '/api/projects/nowhere'],
      [`/api/projects/${theirs}/environments/mine`, '/api/projects/nowhere/environments/absent'],
      [`/api/projects/${theirs}/flags/mark-theirs-flag`, '/api/projects/nowhere/flags/x'],
      [`/api/audit?project=${theirs}`, '/api/audit?project=nowhere'],
    ] as const;
    const own = [`/api/projects/${ours}/environments/other`, `/api/projects/${ours}/environments/absent`] as const;
    for (const holder of limited) {
      const token = tokens.get(holder) ?? '';
      const told = async (path: string) => {
        const { status, text } = await ask(server.url, 'GET', path, bearer(token));
        const { code, detail } = JSON.parse(text) as { code: string; detail: string };
        return { status, code, detail };
      };
      for (const [there, missing] of holder.reach === 'environment' ? [...pairs, own] : pairs) {
        expect([there, await told(there)]).toEqual([there, await told(missing)]);
        expect((await told(there)).status).toBe(403);
      }
    }
  });
});
