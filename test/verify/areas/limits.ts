import assert from 'node:assert/strict';
import { httpRequest } from '../../support/http-request.js';
import { metric } from '../../e2e/support/metrics.js';
import { type Check } from '../check.js';
import { strangersKey } from '../strangers-key.js';
import { problemOf } from './admin-refusals.js';

/** As without the setting, which tests raise: all of their clients come from one address. */
const WRONG_CREDENTIALS = { FLAGWIRE_WRONG_CREDENTIALS_PER_MINUTE: undefined };
const ALLOWED = 20;

export const limits: readonly Check[] = [
  {
    sentence: `${ALLOWED} wrong credentials of an address in a minute are 401, further ones 429; a good one is served all the same`,
    async run(bench) {
      const server = await bench.start({ env: WRONG_CREDENTIALS });
      const work = await bench.workspace(server);
      const wrong = async (path: string, key = strangersKey()) =>
        httpRequest(`${server.url}${path}`, { headers: { 'X-API-Key': key } });
      const statuses: number[] = [];
      for (let turn = 0; turn < ALLOWED; turn += 1) statuses.push((await wrong('/sdk/poll')).status);
      assert.deepEqual(new Set(statuses), new Set([401]));
      const next = await wrong('/sdk/poll');
      assert.equal(next.status, 429);
      assert.ok(Number(next.header('retry-after')) >= 1);
      assert.equal((await wrong('/sdk/stream')).status, 401); // an EventSource gives up at nothing else
      assert.equal((await work.poll()).status, 200);
      const counted = await metric(server, 'flagwire_refused_requests_total');
      return `${statuses.length} times 401, then 429 with Retry-After ${next.header('retry-after')}; ${counted} refusals counted`;
    },
  },
  {
    sentence: 'One connection more than a key may have is told to come back, on the stream with 200, and it is counted',
    async run(bench) {
      const server = await bench.start({ env: { FLAGWIRE_MAX_PER_SERVER_KEY: '2' } });
      const work = await bench.workspace(server);
      const streams = [await work.stream(), await work.stream()];
      const third = await bench.open({ ...work.request });
      await third.closed;
      assert.deepEqual(third.goodbye, { reason: 'overload', retry_after_ms: third.retry });
      const refused = await metric(server, 'flagwire_refused_connections_total');
      assert.equal(refused, 1);
      await work.flag('a');
      for (const stream of streams) await stream.waitForState((state) => state.has('a'), 20_000);
      return `two served, the third told to come back after ${third.retry} ms, ${refused} counted`;
    },
  },
  {
    sentence: 'A change set of 1,001, a filter of 101, a value of 65 KiB, 51 tags: each is refused with what to change',
    async run(bench) {
      const work = await bench.workspace();
      const flags = (fields: object) => work.admin.request('POST', work.projectPath('/flags'), { id: 'f', name: 'F', ...fields });
      const boolean = { value_type: 'boolean', variants: { on: true } };
      const changes = Array.from({ length: 1001 }, (_, index) => ({ flag: `f${index}`, status: 'enabled' }));
      const filter = Array.from({ length: 101 }, (_, index) => `f${index}`).join(',');
      const refusals = [
        problemOf(await work.admin.request('POST', work.livePath('/change-sets'), { changes }), 400),
        problemOf(await flags({ ...boolean, tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }), 400),
        problemOf(await flags({ value_type: 'string', variants: { a: 'x'.repeat(65 * 1024) } }), 400),
        problemOf(await flags({ ...boolean, description: 'x'.repeat(4097) }), 400),
      ];
      const tooMany = await work.poll(`?flags=${filter}`);
      assert.equal(tooMany.status, 400);
      assert.equal((await work.trail()).length, 0);
      return refusals.map(({ errors, detail }) => errors?.[0]?.path ?? detail).join(', ');
    },
  },
  {
    sentence: 'A project has as many flags as the settings allow, and not one more',
    async run(bench) {
      const server = await bench.start({ env: { FLAGWIRE_MAX_FLAGS: '2' } });
      const work = await bench.workspace(server);
      for (const id of ['a', 'b']) await work.flag(id);
      const body = { id: 'c', name: 'C', value_type: 'boolean', variants: { on: true } };
      const { code } = problemOf(await work.admin.request('POST', work.projectPath('/flags'), body), 409);
      return `the third is 409 ${code}`;
    },
  },
  {
    sentence: 'Every refusal has the id of its request, the one that was sent or one that is drawn',
    async run(bench) {
      const work = await bench.workspace();
      const sent = `verify-${work.project}`;
      const path = `${work.server.url}${work.projectPath('/flags/nowhere')}`;
      const ids: string[] = [];
      for (const given of [{ 'X-Request-Id': sent }, {}]) {
        const headers = { Authorization: `Bearer ${work.server.adminToken}`, ...given };
        const answer = await httpRequest(path, { headers });
        const { request_id } = answer.json() as { request_id: string };
        assert.deepEqual([answer.status, answer.header('x-request-id')], [404, request_id]);
        ids.push(request_id);
      }
      assert.equal(ids[0], sent);
      assert.match(ids[1] ?? '', /^[0-9a-f-]{36}$/);
      return ids.join(', ');
    },
  },
  {
    sentence: '/metrics counts connections, deliveries, encodings and full syncs, and names no key and no flag',
    async run(bench) {
      const server = await bench.start({});
      const work = await bench.workspace(server);
      await work.flag('secret-plan');
      const stream = await work.stream();
      await stream.waitForCursor(await work.edit('secret-plan', { status: 'disabled' }), 20_000);
      const names = ['connections', 'deliveries_total', 'encodings_total', 'resyncs_total', 'sent_bytes_total'];
      const figures = await Promise.all(names.map((name) => metric(server, `flagwire_${name}`)));
      assert.deepEqual(figures.slice(0, 4), [1, 1, 1, 1]);
      const { body } = await work.admin.call<string>('GET', '/metrics');
      for (const text of ['secret-plan', work.key.key, server.adminToken]) assert.ok(!body.includes(text));
      const open = await httpRequest(`${server.url}/metrics`);
      assert.equal(open.status, 401);
      return names.map((name, index) => `${name} ${figures[index]}`).join(', ');
    },
  },
];
