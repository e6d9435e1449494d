import assert from 'node:assert/strict';
import { knock } from '../../e2e/support/knock.js';
import { httpRequest } from '../../support/http-request.js';
import { type SseProbe } from '../../support/sse-client.js';
import { within } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { problemOf } from './admin-refusals.js';

/** Promised for revoked and expired keys, on every node that can read the database. */
const CUT_MS = 1000;
const APP = 'https://app.example.com';

/** Milliseconds from `since` to the end of the stream. */
async function endOf(probe: SseProbe, since: number): Promise<number> {
  await within(probe.closed, PATIENCE_MS, 'the end of the stream');
  return Math.round(performance.now() - since);
}

export const keyLife: readonly Check[] = [
  {
    sentence: 'A revoked key loses its live streams within 1 s on every node, and opens nothing; other keys stay',
    async run(bench) {
      const work = await bench.workspace();
      const urls = (await bench.nodes()).map(({ url }) => url);
      const doomed = await work.makeKey();
      const probes = await Promise.all(urls.map((url) => work.stream({ url, key: doomed.key })));
      const spared = await Promise.all(urls.map((url) => work.stream({ url })));
      await work.admin.revokeKey('live', doomed.id, work.at);
      const answered = performance.now();
      const took = await Promise.all(probes.map((probe) => endOf(probe, answered)));
      for (const probe of probes) assert.deepEqual(probe.goodbye, { reason: 'key_revoked', retry_after_ms: null });
      for (const ms of took) assert.ok(ms <= CUT_MS, `${ms} ms`);
      for (const url of urls) assert.equal((await knock('/sdk/poll', { url, key: doomed.key })).code, 'revoked_key');
      assert.ok(spared.every(({ isOpen }) => isOpen));
      return `${took.map((ms, index) => `node ${index + 1}: ${ms} ms`).join(', ')} after the answer; then 401 revoked_key`;
    },
  },
  {
    sentence: 'A key that expires loses its live streams within 1 s',
    async run(bench) {
      const work = await bench.workspace();
      const expires = Date.now() + 2500;
      const { key } = await work.makeKey('server', { expires_at: new Date(expires).toISOString() });
      const probe = await work.stream({ key });
      await within(probe.closed, PATIENCE_MS, 'the end of the stream');
      const late = Date.now() - expires;
      assert.deepEqual(probe.goodbye, { reason: 'key_expired', retry_after_ms: null });
      assert.ok(late >= 0 && late <= CUT_MS, `${late} ms after its end`);
      assert.equal((await knock('/sdk/poll', { url: work.server.url, key })).code, 'expired_key');
      return `cut ${late} ms after its end, then 401 expired_key`;
    },
  },
  {
    sentence: 'A rotated key works beside the new one for the grace period, and ends after it',
    async run(bench) {
      const work = await bench.workspace();
      const old = await work.stream();
      const asked = performance.now();
      const renewed = await work.admin.rotateKey('live', work.key.id, 2, work.at);
      bench.lab.secrets.add(renewed.key);
      const fresh = await work.stream({ key: renewed.key });
      const cursor = await work.flag('meanwhile');
      for (const probe of [old, fresh]) await probe.waitForCursor(cursor, PATIENCE_MS);
      const took = await endOf(old, asked);
      assert.ok(took >= 2000, `${took} ms`);
      assert.equal(old.goodbye?.reason, 'key_expired');
      assert.equal((await knock('/sdk/poll', work.request)).code, 'expired_key');
      assert.ok(fresh.isOpen);
      return `both had ${cursor}; the old stream ended after ${took} ms with ${old.goodbye?.reason}, the new one is open`;
    },
  },
  {
    sentence: 'A ticket opens streams inside its filter, nothing else, and dies with its key',
    async run(bench) {
      const work = await bench.workspace();
      for (const id of ['checkout.a', 'search']) await work.flag(id);
      const { url } = work.server;
      const made = await work.admin.as(work.key.key).request('POST', '/sdk/ticket', { flags: ['checkout.*'] });
      const { ticket, expires_in } = made.body as { ticket: string; expires_in: number };
      const probe = await bench.stream({ url, ticket, flags: ['checkout.*'] });
      assert.deepEqual([...probe.state.keys()], ['checkout.a']);
      const outside = await knock('/sdk/stream', { url, ticket, flags: ['search'] });
      const polled = await knock('/sdk/poll', { url, ticket });
      const forged = await knock('/sdk/stream', { url, ticket: `${ticket.slice(0, -4)}AAAA` });
      const codes = [outside, polled, forged].map(({ status, code }) => `${status} ${code}`);
      assert.deepEqual(codes, ['403 outside_ticket', '401 ticket_not_accepted', '401 unknown_ticket']);
      await work.admin.revokeKey('live', work.key.id, work.at);
      await within(probe.closed, PATIENCE_MS, 'the end of the stream');
      assert.equal((await knock('/sdk/stream', { url, ticket })).status, 401);
      return `for ${expires_in} s; ${codes.join(', ')}; after the key's end ${probe.goodbye?.reason} and 401`;
    },
  },
  {
    sentence: 'A page is let in by a key that lists its origin, can read the answer, and no other page can',
    async run(bench) {
      const work = await bench.workspace();
      const listed = await work.makeKey('server', { allowed_origins: [APP] });
      const get = (key: string, origin: string) =>
        httpRequest(`${work.server.url}/sdk/poll`, { headers: { 'X-API-Key': key, Origin: origin } });
      const [mine, foreign, unlisted] = [
        await get(listed.key, APP),
        await get(listed.key, 'https://evil.example'),
        await get(work.key.key, APP),
      ];
      const allowed = (answer: typeof mine) => answer.header('access-control-allow-origin');
      assert.deepEqual([mine.status, foreign.status, unlisted.status], [200, 403, 403]);
      assert.deepEqual([allowed(mine), allowed(foreign), allowed(unlisted)], [APP, undefined, undefined]);
      assert.equal(mine.header('access-control-allow-credentials'), undefined);
      assert.match(mine.header('access-control-expose-headers') ?? '', /ETag/);
      const preflight = async (origin: string) => {
        const headers = { Origin: origin, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'x-api-key' };
        return httpRequest(`${work.server.url}/sdk/stream`, { method: 'OPTIONS', headers });
      };
      const [yes, no] = [await preflight(APP), await preflight('https://evil.example')];
      assert.deepEqual([allowed(yes), allowed(no)], [APP, undefined]);
      const star = { name: 'x', kind: 'server', allowed_origins: ['*'] };
      problemOf(await work.admin.request('POST', work.livePath('/sdk-keys'), star), 400);
      return `${APP}: ${mine.status}, other page: ${foreign.status}, key without origins: ${unlisted.status}, "*": 400`;
    },
  },
  {
    sentence: 'Roles: a viewer reads, an editor changes flags, and one limited to staging cannot touch production',
    async run(bench) {
      const work = await bench.workspace();
      await work.admin.createEnvironment('staging', work.at);
      await work.flag('one');
      const as = async (role: 'viewer' | 'editor' | 'admin', extra: object) => {
        const { token } = await work.admin.createToken(role, { project: work.project, ...extra });
        bench.lab.secrets.add(token);
        return work.admin.as(token);
      };
      const staging = { environments: ['staging'] };
      const who = { viewer: await as('viewer', {}), editor: await as('editor', {}), limited: await as('editor', staging) };
      const requests = [
        ['GET', work.projectPath('/flags/one'), undefined],
        ['PATCH', work.projectPath('/flags/one/environments/staging'), { status: 'enabled' }],
        ['PATCH', work.projectPath('/flags/one/environments/live'), { status: 'disabled' }],
        ['POST', work.livePath('/sdk-keys'), { name: 'k', kind: 'server' }],
        ['GET', '/api/projects/default', undefined],
      ] as const;
      const seen: Record<string, number[]> = {};
      for (const [name, client] of Object.entries(who)) {
        seen[name] = [];
        for (const [method, path, body] of requests) seen[name].push((await client.request(method, path, body)).status);
      }
      assert.deepEqual(seen, {
        viewer: [200, 403, 403, 403, 403],
        editor: [200, 200, 200, 403, 403],
        limited: [200, 200, 403, 403, 403],
      });
      return `read, staging, live, make a key, another project: ${JSON.stringify(seen).replaceAll(/["{}]/g, '')}`;
    },
  },
];
