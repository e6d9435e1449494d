import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EvaluationFigures } from '../../src/evaluation/evaluation-figures.js';
import { type HttpAnswer, httpRequest, type HttpRequestOptions } from '../support/http-request.js';
import { RawHttp } from '../support/raw-http.js';
import { eventually } from '../support/wait.js';
import { contentOf, FrontWatch } from './front-watch.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const { start } = useNodes();

const PATH = '/ofrep/v1/evaluate/flags';
const FLAGS = {
  pro: {
    state: 'ENABLED',
    variants: { on: 'grün', off: 'aus' },
    defaultVariant: 'off',
    targeting: { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', null] },
  },
  split: {
    state: 'ENABLED',
    variants: { a: 1, b: 2 },
    defaultVariant: 'a',
    targeting: {
      fractional: [
        ['a', 1],
        ['b', 1],
      ],
    },
  },
  fixed: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
  off: { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
};

interface Question extends HttpRequestOptions {
  path?: string;
  /** Without the key in the header `Authorization`. */
  keyless?: boolean;
}

const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
const contextOf = (context: object): string => JSON.stringify({ context });

describe('In front of the routes', () => {
  let node: InProcessNode;
  let front: FrontWatch;
  let key: string;
  let keyId: string;
  let tag: string;

  const repeated = (question: Question) => front.repeated(() => ask(question));
  /** Without anything in front. */
  const behind = (question: Question) => front.without(() => ask(question));

  function ask({ path = PATH, keyless = false, headers = {}, ...more }: Question): Promise<HttpAnswer> {
    const all = {
      'X-Request-Id': 'asked-by-a-test',
      'Content-Type': 'application/json',
      ...(keyless ? {} : { Authorization: `Bearer ${key}` }),
      ...headers,
    };
    return httpRequest(node.url + path, {
      method: 'POST',
      body: contextOf({ targetingKey: 'u1', plan: 'pro' }),
      headers: all,
      ...more,
    });
  }

  /** A request of which only a part has been sent. */
  async function begun(body: string, sent: number): Promise<RawHttp> {
    const client = await RawHttp.connect({ port: Number(new URL(node.url).port) });
    await client.send(headOf(`Content-Length: ${Buffer.byteLength(body)}`) + body.slice(0, sent));
    return client;
  }

  function headOf(framing: string): string {
    const credential = `Authorization: Bearer ${key}`;
    return [`POST ${PATH} HTTP/1.1`, 'Host: a', credential, 'Content-Type: application/json', framing, '\r\n'].join('\r\n');
  }

  beforeAll(async () => {
    node = await start();
    front = new FrontWatch(node);
    await node.admin.import({ flags: FLAGS }, '?format=flagd&environment=production');
  });
  beforeEach(async () => {
    ({ key, id: keyId } = await node.admin.createKey('production'));
    tag = (await behind({})).header('etag') ?? '';
  });

  describe('a bulk request of somebody who was let in before is answered as the routes answer it', () => {
    it.each<[what: string, question: () => Question, status: number]>([
      ['for a context', () => ({}), 200],
      ['for another one', () => ({ body: contextOf({ targetingKey: 'ü2', plan: 'free', more: [1, { x: null }] }) }), 200],
      ['without a targetingKey', () => ({ body: contextOf({}) }), 200],
      ['with the tag', () => ({ headers: { 'If-None-Match': tag } }), 304],
      ['with the tag in strong form', () => ({ headers: { 'If-None-Match': tag.slice(2) } }), 304],
      ['with the tag in a list', () => ({ headers: { 'If-None-Match': `"other", ${tag}` } }), 304],
      ['with any tag', () => ({ headers: { 'If-None-Match': '*' } }), 304],
      ['with the tag of another context', () => ({ body: contextOf({ a: 1 }), headers: { 'If-None-Match': tag } }), 200],
      ['with a header that is no tag', () => ({ headers: { 'If-None-Match': 'nonsense' } }), 200],
      ['with the key as X-API-Key', () => ({ keyless: true, headers: { 'X-API-Key': key } }), 200],
      ['with its coding named', () => ({ headers: { 'Content-Type': 'application/json; charset=utf-8' } }), 200],
      ['with more in the body than a context', () => ({ body: '{"other": [1], "context": {"plan": "pro"}}' }), 200],
      ['with white space around it', () => ({ body: `\n ${contextOf({ plan: 'pro' })}\n` }), 200],
    ])('%s', async (_what, question, status) => {
      const [answer, isInFront] = await repeated(question());
      expect([answer.status, isInFront]).toEqual([status, true]);
      expect(contentOf(answer)).toEqual(contentOf(await behind(question())));
    });

    it('with a client key', async () => {
      const { key: own } = await node.admin.createKey('production', 'client');
      const question = { keyless: true, headers: { 'X-API-Key': own } };
      const [answer, isInFront] = await repeated(question);
      expect([answer.status, isInFront]).toEqual([200, true]);
      expect(contentOf(answer)).toEqual(contentOf(await behind(question)));
    });
  });

  describe('everything else is handed on, with its body', () => {
    it.each<[what: string, question: () => Question, status: number]>([
      ['what is no JSON', () => ({ body: '{"context":' }), 400],
      ['what is no UTF-8', () => ({ body: Buffer.from('7b22636f6e74657874223a7b2261223a22ff227d7d', 'hex') }), 400],
      ['a list', () => ({ body: '[]' }), 400],
      ['no context', () => ({ body: '{}' }), 400],
      ['a context that is none', () => ({ body: '{"context": 1}' }), 400],
      ['a targetingKey that is none', () => ({ body: contextOf({ targetingKey: 7 }) }), 400],
      ['a context that is too deep', () => ({ body: `{"context":${deep(40)}}` }), 400],
      ['a body that is too deep', () => ({ body: `{"other":${deep(300)},"context":{}}` }), 400],
      ['a prototype', () => ({ body: '{"context":{"__proto__":{"plan":"pro"}}}' }), 400],
      ['a byte order mark', () => ({ body: `\ufeff${contextOf({})}` }), 200],
      ['a long body', () => ({ body: contextOf({ text: 'x'.repeat(20_000) }) }), 200],
      ['an empty body', () => ({ body: '' }), 400],
      ['a packed body', () => ({ body: gzipSync(contextOf({})), headers: { 'Content-Encoding': 'gzip' } }), 200],
      ['a body of another type', () => ({ headers: { 'Content-Type': 'text/plain' } }), 400],
      ['a body in another coding', () => ({ headers: { 'Content-Type': 'application/json; charset=utf-16le' } }), 400],
      ['what a notice told', () => ({ path: `${PATH}?flagConfigEtag=x` }), 200],
      ['a tag of another history', () => ({ headers: { 'If-None-Match': 'W/"otherepo.1.aaaaaa-0-0"' } }), 200],
      ['another path', () => ({ path: `${PATH}/` }), 200],
      ['other letters', () => ({ path: PATH.toUpperCase() }), 200],
      ['a single flag', () => ({ path: `${PATH}/pro` }), 200],
      ['another method', () => ({ method: 'PUT' }), 404],
      ['the page of a stranger', () => ({ headers: { Origin: 'https://a.example' } }), 403],
      ['no key', () => ({ keyless: true }), 401],
      ['a mistyped key', () => ({ keyless: true, headers: { 'X-API-Key': `${key}x` } }), 401],
      ['two keys', () => ({ headers: { 'X-API-Key': `${key}x` } }), 400],
    ])('%s', async (_what, question, status) => {
      await repeated({});
      const [answer, isInFront] = await repeated(question());
      const other = await behind(question());
      expect([answer.status, isInFront]).toEqual([status, false]);
      expect(contentOf(answer)).toEqual(contentOf(other));
    });
  });

  it('a body in pieces is put together', async () => {
    await repeated({});
    const body = contextOf({ targetingKey: 'u1', plan: 'pro' });
    const client = await begun(body, 10);
    await client.send(body.slice(10, 20));
    await client.send(body.slice(20));
    await client.readHead();
    expect((await client.readBody()).toString()).toBe((await behind({})).text);
    client.destroy();
  });

  it('a body in chunks is read by the routes', async () => {
    await repeated({});
    const body = contextOf({ targetingKey: 'u1', plan: 'pro' });
    const client = await begun(body, body.length);
    await client.readHead();
    await client.readBody();
    await client.send(`${headOf('Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    expect((await client.readHead()).status).toBe(200);
    expect((await client.readBody()).toString()).toBe((await behind({})).text);
    client.destroy();
  });

  it('what comes behind a request on its connection is answered, whoever answered that', async () => {
    await repeated({});
    const client = await begun('{"context":', 11);
    await client.readHead();
    await client.readBody();
    const bodies = [contextOf({ plan: 'pro' }), '{}', contextOf({ plan: 'free' })];
    await client.send(bodies.map((body) => headOf(`Content-Length: ${body.length}`) + body).join(''));
    const statuses: number[] = [];
    for (const _body of bodies) {
      statuses.push((await client.readHead()).status);
      await client.readBody();
    }
    expect(statuses).toEqual([200, 400, 200]);
    client.destroy();
  });

  it('a key that ends while the body comes is refused', async () => {
    expect((await repeated({}))[1]).toBe(true);
    const body = contextOf({ plan: 'pro' });
    const client = await begun(body, 10);
    // So that its head has been read before: this goes by another connection.
    await ask({});
    await node.admin.call('DELETE', `/api/projects/default/environments/production/sdk-keys/${keyId}`);
    await client.send(body.slice(10));
    expect((await client.readHead()).status).toBe(401);
    client.destroy();
    const [answer, isInFront] = await repeated({});
    expect([answer.status, isInFront]).toEqual([401, false]);
  });

  it('no change is hidden', async () => {
    const question = { headers: { 'If-None-Match': tag } };
    expect((await repeated(question))[0].status).toBe(304);
    await node.admin.patchEnv('off', 'production', { status: 'enabled' });
    const [answer, isInFront] = await repeated(question);
    expect([answer.status, isInFront, answer.header('etag') === tag]).toEqual([200, true, false]);
    expect(answer.json()).toMatchObject({
      flags: expect.arrayContaining([expect.objectContaining({ key: 'off', value: true })]),
    });
  });

  it('a bulk request without an id that can be repeated gets one of its own', async () => {
    const question = { headers: { 'X-Request-Id': 'no id' } };
    const [first] = await repeated(question);
    const [second, isInFront] = await repeated(question);
    expect([isInFront, first.header('x-request-id') === second.header('x-request-id')]).toEqual([true, false]);
  });

  it('every bulk request is in the figures, and evaluates nothing where it is answered 304', async () => {
    const question = { headers: { 'If-None-Match': tag } };
    await repeated(question);
    const before = await figures();
    const { evaluations } = node.part(EvaluationFigures);
    expect((await repeated(question))[1]).toBe(true);
    await eventually(async () => expect(await figures()).toEqual(before.map((count) => count + 2)));
    expect(node.part(EvaluationFigures).evaluations).toBe(evaluations);
  });

  it('a client that leaves before its body is there is counted as the routes count it', async () => {
    await repeated({});
    const leave = async (): Promise<object> => {
      const before = await counted();
      const client = await begun(contextOf({ plan: 'pro' }), 10);
      await ask({});
      client.destroy();
      return eventually(async () => {
        const after = await counted();
        const grown = Object.entries(after).filter(([series, count]) => count > (before[series] ?? 0));
        expect(grown.length).toBe(2);
        return grown.map(([series]) => series).sort();
      });
    };
    expect(await leave()).toEqual(await front.without(leave));
  });

  async function figures(): Promise<number[]> {
    const counts = `flagwire_http_requests_total{method="POST",route="${PATH}",status="304"}`;
    const times = `flagwire_http_request_duration_seconds_count{method="POST",route="${PATH}"}`;
    return [await front.figure(counts), await front.figure(times), node.part(EvaluationFigures).answers.not_modified];
  }

  /** Requests by their labels. */
  function counted(): Promise<Record<string, number>> {
    return front.figures('flagwire_http_requests_total');
  }
});
