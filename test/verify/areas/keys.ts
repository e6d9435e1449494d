import assert from 'node:assert/strict';
import { knock } from '../../e2e/support/knock.js';
import { type AdminClient } from '../../support/admin-client.js';
import { httpRequest } from '../../support/http-request.js';
import { type Check } from '../check.js';
import { rowsOf } from '../database.js';
import { strangersKey } from '../strangers-key.js';

/** Open to everybody, says the API; all other routes of the document are not. */
const OPEN = ['get /health/live', 'get /health/ready'];

async function routesOf(admin: AdminClient): Promise<string[]> {
  const { body } = await admin.call<{ paths: Record<string, object> }>('GET', '/docs-json');
  return Object.entries(body.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
}

/** What of a secret must stand nowhere: parts of it that no other secret has. */
function traces(secret: string, text: string): string[] {
  const half = Math.floor(secret.length / 2);
  return [secret.slice(19, 31), secret.slice(half, half + 12), secret.slice(-12)].filter((part) => text.includes(part));
}

export const keys: readonly Check[] = [
  {
    sentence: 'Every route of /docs-json answers 401 without a credential, except those that are said to be open',
    async run(bench) {
      const nobody = (await bench.shared()).admin.as(null);
      const routes = await routesOf(nobody);
      const answered = new Map<string, number>();
      for (const route of routes) {
        const [method = '', path = ''] = route.split(' ');
        const { status } = await nobody.request(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'));
        answered.set(route, status);
      }
      const open = routes.filter((route) => answered.get(route) !== 401);
      assert.deepEqual(open.sort(), OPEN);
      assert.ok(routes.length > 25, String(routes.length));
      return `${routes.length - open.length} of ${routes.length} routes: 401; open: ${open.join(', ')}`;
    },
  },
  {
    sentence: 'A server key reads definitions; a client key is told the right door and sees none, nor the list of flags',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('hidden');
      const { key } = await work.makeKey('client');
      assert.equal((await work.poll()).status, 200);
      const seen: string[] = [];
      for (const door of ['/sdk/poll', '/sdk/stream'] as const) {
        const { status, code, detail } = await knock(door, { url: work.server.url, key });
        assert.deepEqual([status, code], [403, 'client_key_forbidden']);
        assert.match(detail ?? '', /\/ofrep\/v1/);
        assert.doesNotMatch(detail ?? '', /hidden/);
        seen.push(`${door} ${status}`);
      }
      const ticket = await work.admin.as(key).request('POST', '/sdk/ticket', {});
      assert.equal(ticket.status, 403);
      return `${seen.join(', ')}, /sdk/ticket ${ticket.status}, with /ofrep/v1 in the sentence`;
    },
  },
  {
    sentence: 'A typo is told from a key that nobody knows, and the wrong family or environment from both',
    async run(bench) {
      const work = await bench.workspace();
      const { url, key } = work.request;
      const typo = key.slice(0, -1) + (key.endsWith('x') ? 'y' : 'x');
      const code = async (request: object) => {
        const answer = await knock('/sdk/poll', { url, ...request });
        return `${answer.status} ${answer.code}`;
      };
      const api = await work.admin.as(key).request('GET', '/api/projects');
      const seen = [
        await code({ key: typo }),
        await code({ key: strangersKey() }),
        await code({ key: work.server.adminToken }),
        `${api.status} ${(api.body as { code: string }).code}`,
        await code({ key, env: 'other' }),
        await code({ key, query: { key: strangersKey() } }),
        await code({}),
      ];
      assert.deepEqual(seen.slice(0, 2), ['401 malformed_key', '401 unknown_key']);
      assert.deepEqual(
        seen.slice(2, 4).map((text) => text.slice(0, 3)),
        ['401', '401'],
      );
      assert.deepEqual(seen.slice(4), ['403 wrong_environment', '400 invalid_input', '401 missing_credential']);
      return seen.join(', ');
    },
  },
  {
    sentence: 'A key is shown once and stored as a hash: neither lists nor the database have it',
    async run(bench) {
      const work = await bench.workspace();
      const { key } = work.key;
      const { body } = await work.admin.call('GET', work.livePath('/sdk-keys'));
      const rows = await rowsOf<{ secret_hash: string }>(work.server.databaseUrl, 'SELECT * FROM sdk_key');
      const everything = JSON.stringify(body) + JSON.stringify(rows);
      assert.ok(everything.includes(key.slice(0, 11)), 'its prefix is shown');
      assert.deepEqual(traces(key, everything), []);
      assert.match(rows[0]?.secret_hash ?? '', /^[0-9a-f]{64}$/);
      return `${key.slice(0, 11)}… in a list; ${rows.length} rows with a hash of ${rows[0]?.secret_hash.length} hex digits`;
    },
  },
  {
    sentence: 'No key, ticket or token stands in the log, however it was sent and whatever was answered',
    async run(bench) {
      const server = await bench.shared();
      const work = await bench.workspace();
      const dead = await work.makeKey();
      await work.admin.revokeKey('live', dead.id, work.at);
      const client = await work.makeKey('client');
      const { token } = await work.admin.createToken('viewer');
      const { body } = await work.admin.as(work.key.key).request('POST', '/sdk/ticket', {});
      const { ticket } = body as { ticket: string };
      const secrets = [work.key.key, dead.key, client.key, token, ticket, server.adminToken, strangersKey()];
      let requests = 0;
      for (const secret of secrets) {
        for (const keyIn of ['bearer', 'x-api-key', 'query'] as const) {
          for (const door of ['/sdk/poll', '/sdk/stream'] as const) await knock(door, { url: server.url, key: secret, keyIn });
        }
        await knock('/sdk/stream', { url: server.url, ticket: secret });
        await work.admin.as(secret).request('POST', `/api/projects?key=${secret}`, '{"not json');
        for (const path of ['/no/such/path', '/%ff', `/sdk/stream/${secret}`]) {
          await httpRequest(`${server.url}${path}?key=${secret}&ticket=${secret}`, { headers: { 'X-API-Key': secret } });
        }
        requests += 11;
      }
      for (const secret of secrets) bench.lab.secrets.add(secret); // what is printed later is seen at the end
      const output = server.stdout() + server.stderr();
      assert.match(output, /listening/);
      assert.deepEqual(
        secrets.map((secret) => traces(secret, output)),
        secrets.map(() => []),
      );
      return `${requests} requests with ${secrets.length} secrets: none in ${output.length} characters of output`;
    },
  },
];
