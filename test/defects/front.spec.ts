import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../src/auth/key-ring.js';
import { Ledger } from '../../src/receipts/ledger.js';
import { type HttpAnswer, httpRequest, type HttpRequestOptions } from '../support/http-request.js';
import { eventually } from '../support/wait.js';
import { contentOf, FrontWatch } from './front-watch.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const { start } = useNodes();

interface Question extends HttpRequestOptions {
  path?: string;
  /** Without the key in the header `Authorization`. */
  keyless?: boolean;
}

const UUID = /^[0-9a-f-]{36}$/;

describe('In front of the routes', () => {
  let node: InProcessNode;
  let key: string;
  /** As it is now, and one that the node knows to be older. */
  let tag: string;
  let older: string;
  let front: FrontWatch;

  const repeated = (question: Question) => front.repeated(() => ask(question));
  /** Without anything in front. */
  const behind = (question: Question) => front.without(() => ask(question));

  function ask({ path = '/sdk/poll', keyless = false, headers = {}, ...more }: Question): Promise<HttpAnswer> {
    // Refusals repeat the id of their request.
    const all = { 'X-Request-Id': 'asked-by-a-test', ...(keyless ? {} : { Authorization: `Bearer ${key}` }), ...headers };
    return httpRequest(node.url + path, { headers: all, ...more });
  }

  /** Once its date is past: until then no answer is repeated. */
  async function tagNow(): Promise<string> {
    const attempt = async (): Promise<string> => {
      const answer = await behind({});
      expect(answer.header('last-modified')).toBeDefined();
      return answer.header('etag') ?? '';
    };
    return eventually(attempt, { what: 'Last-Modified' });
  }

  beforeAll(async () => {
    node = await start();
    front = new FrontWatch(node);
    await node.admin.createFlag('a');
    key = await node.key();
    older = await tagNow();
    await node.admin.createFlag('b');
  });
  beforeEach(async () => {
    key = await node.key();
    tag = await tagNow();
  });

  describe('a poll that was answered before is answered as the routes answer it', () => {
    it.each<[what: string, question: () => Question, status: number]>([
      ['with the tag', () => ({ headers: { 'If-None-Match': tag } }), 304],
      ['with the tag in strong form', () => ({ headers: { 'If-None-Match': tag.slice(2) } }), 304],
      ['with the tag in a list', () => ({ headers: { 'If-None-Match': `"other", ${tag}` } }), 304],
      ['with the key as X-API-Key', () => ({ keyless: true, headers: { 'X-API-Key': key, 'If-None-Match': tag } }), 304],
      [
        'with the key in the query',
        () => ({ keyless: true, path: `/sdk/poll?key=${key}`, headers: { 'If-None-Match': tag } }),
        304,
      ],
      [
        'by a client that names itself',
        () => ({ path: '/sdk/poll?instance=i1&client=x%2F1', headers: { 'If-None-Match': tag } }),
        304,
      ],
      ['without a tag', () => ({}), 200],
      ['with a tag that it knows to be older', () => ({ headers: { 'If-None-Match': older } }), 200],
      ['with a header that is no tag', () => ({ headers: { 'If-None-Match': 'nonsense' } }), 200],
      ['without a coding', () => ({ headers: { 'Accept-Encoding': 'identity' } }), 200],
    ])('%s', async (_what, question, status) => {
      const [answer, isInFront] = await repeated(question());
      expect([answer.status, isInFront]).toEqual([status, true]);
      expect(contentOf(answer)).toEqual(contentOf(await behind(question())));
    });

    it.each(['br', 'gzip', 'br;q=0.5, gzip', '*'])('in the coding %s', async (accepted) => {
      const question = { headers: { 'Accept-Encoding': accepted } };
      await eventually(async () => expect((await behind(question)).header('content-encoding')).toBeDefined());
      const [answer, isInFront] = await repeated(question);
      expect([answer.status, isInFront]).toEqual([200, true]);
      expect(contentOf(answer)).toEqual(contentOf(await behind(question)));
    });
  });

  describe('everything else is handed on', () => {
    it.each<[what: string, question: () => Question, status: number]>([
      ['any tag will do', () => ({ headers: { 'If-None-Match': '*' } }), 304],
      ['a date', () => ({ headers: { 'If-Modified-Since': 'Thu, 01 Jan 2026 00:00:00 GMT' } }), 200],
      ['a tag of another history', () => ({ headers: { 'If-None-Match': 'W/"otherepo.1.aaaaaa"' } }), 200],
      ['a filter', () => ({ path: '/sdk/poll?flags=a', headers: { 'If-None-Match': tag } }), 200],
      ['an environment', () => ({ path: '/sdk/poll?env=production', headers: { 'If-None-Match': tag } }), 304],
      ['another environment', () => ({ path: '/sdk/poll?env=staging', headers: { 'If-None-Match': tag } }), 403],
      ['a tag in the query', () => ({ path: `/sdk/poll?if_none_match=${encodeURIComponent(tag)}` }), 304],
      ['a delta', () => ({ path: `/sdk/poll?since=${tag.slice(3, -1)}` }), 200],
      ['a wait without a tag', () => ({ path: '/sdk/poll?wait=5' }), 200],
      ['a wait that is none', () => ({ path: '/sdk/poll?wait=x', headers: { 'If-None-Match': tag } }), 400],
      ['an unknown parameter', () => ({ path: '/sdk/poll?x=1', headers: { 'If-None-Match': tag } }), 304],
      ['another path', () => ({ path: '/sdk/poll/', headers: { 'If-None-Match': tag } }), 304],
      ['other letters', () => ({ path: '/SDK/poll', headers: { 'If-None-Match': tag } }), 304],
      ['a longer path', () => ({ path: '/sdk/polls', headers: { 'If-None-Match': tag } }), 404],
      ['HEAD', () => ({ method: 'HEAD', headers: { 'If-None-Match': tag } }), 304],
      ['POST', () => ({ method: 'POST', headers: { 'If-None-Match': tag } }), 404],
      ['an odd method', () => ({ method: 'PROPFIND', headers: { 'If-None-Match': tag } }), 404],
      ['a body', () => ({ body: '{}', headers: { 'If-None-Match': tag } }), 304],
      ['the page of a stranger', () => ({ headers: { Origin: 'https://a.example', 'If-None-Match': tag } }), 403],
      ['a name in a header', () => ({ headers: { 'Flagwire-Client': 'x/1', 'If-None-Match': tag } }), 304],
      ['no key', () => ({ keyless: true, headers: { 'If-None-Match': tag } }), 401],
      ['an empty key', () => ({ keyless: true, headers: { 'X-API-Key': '', 'If-None-Match': tag } }), 401],
      ['a mistyped key', () => ({ keyless: true, headers: { 'X-API-Key': `${key}x`, 'If-None-Match': tag } }), 401],
      ['two keys', () => ({ headers: { 'X-API-Key': `${key}x`, 'If-None-Match': tag } }), 400],
    ])('%s', async (_what, question, status) => {
      await repeated({ headers: { 'If-None-Match': tag } });
      const [answer, isInFront] = await repeated(question());
      const other = await behind(question());
      expect([answer.status, isInFront]).toEqual([status, false]);
      expect(contentOf(answer)).toEqual(contentOf(other));
    });
  });

  it('a poll without an id that can be repeated gets one of its own', async () => {
    const question = { headers: { 'X-Request-Id': 'no id', 'If-None-Match': tag } };
    const [first] = await repeated(question);
    const [second, isInFront] = await repeated(question);
    const ids = [first, second].map((answer) => answer.header('x-request-id'));
    expect([isInFront, new Set(ids).size, ids]).toEqual([true, 2, [expect.stringMatching(UUID), expect.stringMatching(UUID)]]);
  });

  it('no change is hidden: the tag of before gets everything', async () => {
    const question = { headers: { 'If-None-Match': tag } };
    expect((await repeated(question))[0].status).toBe(304);
    await node.admin.createFlag('c');
    const [answer] = await repeated(question);
    expect([answer.status, answer.header('etag') === tag]).toEqual([200, false]);
  });

  it('a key that was revoked is refused', async () => {
    const created = await node.admin.createKey('production');
    const question = { keyless: true, headers: { 'X-API-Key': created.key, 'If-None-Match': tag } };
    expect((await repeated(question))[1]).toBe(true);
    await node.admin.call('DELETE', `/api/projects/default/environments/production/sdk-keys/${created.id}`);
    expect(node.part(KeyRing).isLive(created.id)).toBe(false);
    const [answer, isInFront] = await repeated(question);
    expect([answer.status, isInFront]).toEqual([401, false]);
  });

  it('the client is counted among those that poll, with what it has', async () => {
    const before = standings();
    await repeated({ path: '/sdk/poll?instance=counted', headers: { 'If-None-Match': older } });
    const [, isInFront] = await repeated({ path: '/sdk/poll?instance=counted', headers: { 'If-None-Match': older } });
    expect([isInFront, standings().length - before.length]).toEqual([true, 1]);
    const [id, revision] = standings().at(-1) ?? [];
    await repeated({ path: '/sdk/poll?instance=counted', headers: { 'If-None-Match': tag } });
    expect([id, revision, standings().at(-1)?.[1]]).toEqual([standings().at(-1)?.[0], revisionOf(older), revisionOf(tag)]);
  });

  it('every poll is in the figures', async () => {
    const question = { headers: { 'If-None-Match': tag } };
    await repeated(question);
    const before = await figures();
    expect((await repeated(question))[1]).toBe(true);
    await eventually(async () => expect(await figures()).toEqual(before.map((count) => count + 2)));
  });

  const revisionOf = (text: string): number => Number(text.split('.')[1]);

  function standings(): [id: string, revision: number, idleMs: number][] {
    return node.part(Ledger).count(node.replica.environment.id)?.pollers ?? [];
  }

  /** How many polls were answered 304, and how many were timed. */
  function figures(): Promise<number[]> {
    const counted = 'flagwire_http_requests_total{method="GET",route="/sdk/poll",status="304"}';
    const timed = 'flagwire_http_request_duration_seconds_count{method="GET",route="/sdk/poll"}';
    return Promise.all([front.figure(counted), front.figure(timed)]);
  }
});
