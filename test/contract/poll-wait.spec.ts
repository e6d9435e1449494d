import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type HttpAnswer } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { ask, bodyOf, deltaOf, httpDate, type PollExtras } from './support/polls.js';
import { ON, Stage } from './support/stage.js';

/** Seconds: longer than any test may take, so that an answer that comes did not wait for its time to be over. */
const LONG = '55';

describe.each(['true', 'false'])('A long poll (FLAGWIRE_FRONT_CACHE=%s)', (front) => {
  const launch = useServers();
  let server: TestServer;
  let stage: Stage;
  let etag: string;
  let cursor: string;

  /** A poll that has to be waiting: others that were asked after it have been answered. */
  async function waiting(extras: PollExtras): Promise<{ answer: Promise<HttpAnswer> }> {
    let settled = false;
    const answer = ask(stage, extras).finally(() => (settled = true));
    for (let round = 0; round < 5; round += 1) await ask(stage);
    expect(settled).toBe(false);
    return { answer };
  }

  beforeAll(async () => {
    server = await launch({ env: { FLAGWIRE_FRONT_CACHE: front } });
  });
  beforeEach(async () => {
    stage = await Stage.open(server);
    for (const flag of ['a', 'b']) await stage.create(flag);
    ({ etag, cursor } = bodyOf(await ask(stage)));
  });

  it('takes 1 to 55 whole seconds: anything else is 400, with a tag, with a cursor and without', async () => {
    for (const wait of ['0', '56', 'abc', '-1', '', '1.5', '05', '1e1', ' 5', '5s', '100', 'NaN', '+5']) {
      for (const extras of [{}, { 'If-None-Match': etag }, { 'If-None-Match': '*' }]) {
        const answer = await ask(stage, { query: { wait }, headers: extras });
        expect([wait, answer.status]).toEqual([wait, 400]);
        expect(answer.json()).toMatchObject({ errors: [{ path: 'wait', message: expect.any(String) }] });
      }
      expect((await ask(stage, { query: { wait, since: cursor } })).status).toBe(400);
    }
  });

  it('does not wait without a tag, or for any tag', async () => {
    expect((await ask(stage, { query: { wait: LONG } })).status).toBe(200);
    expect((await ask(stage, { query: { wait: LONG }, headers: { 'If-None-Match': '*' } })).status).toBe(304);
    const date = { 'If-Modified-Since': httpDate(bodyOf(await ask(stage)).last_modified) };
    expect((await ask(stage, { query: { wait: LONG }, headers: date })).status).toBe(304);
  });

  it('does not wait where there is something already', async () => {
    const [next = ''] = await stage.toggle('a', 1);
    const whole = await ask(stage, { query: { wait: LONG }, headers: { 'If-None-Match': etag } });
    const delta = await ask(stage, { query: { wait: LONG, since: cursor } });
    const full = await ask(stage, { query: { wait: LONG, since: 'none' } });
    expect([bodyOf(whole).cursor, deltaOf(delta).cursor, deltaOf(full).cursor]).toEqual([next, next, next]);
  });

  it('with a tag waits until that is old', async () => {
    const byHeader = await waiting({ query: { wait: LONG }, headers: { 'If-None-Match': etag } });
    const byParameter = await waiting({ query: { wait: LONG, if_none_match: cursor } });
    const [next = ''] = await stage.toggle('a', 1);
    for (const { answer } of [byHeader, byParameter]) expect(bodyOf(await answer).cursor).toBe(next);
  });

  it('with a tag that stays new ends in 304', async () => {
    const { answer } = await waiting({ query: { wait: '1' }, headers: { 'If-None-Match': `"x", ${etag}` } });
    const unchanged = await answer;
    expect([unchanged.status, unchanged.header('etag'), unchanged.bytes.length]).toEqual([304, etag, 0]);
  });

  it('with a filter and a tag waits for any revision, since each moves the tag', async () => {
    const flags = ['a'];
    const narrow = bodyOf(await ask(stage, { flags }));
    const { answer } = await waiting({ flags, query: { wait: LONG }, headers: { 'If-None-Match': narrow.etag } });
    const [next = ''] = await stage.toggle('b', 1);
    expect(bodyOf(await answer).cursor).toBe(`${next}.${narrow.cursor.split('.')[3]}`);
  });

  it('since a cursor waits for an event, and answers with the change set whole', async () => {
    const { answer } = await waiting({ query: { wait: LONG, since: cursor } });
    const next = await stage.set(['a', 'b'].map((flag) => ({ flag, ...ON })));
    const delta = deltaOf(await answer);
    expect([delta.mode, delta.cursor]).toEqual(['delta', next]);
    expect(delta.events.map(({ id, more }) => [id, more])).toEqual([
      [cursor, true],
      [next, undefined],
    ]);
  });

  it('since a cursor waits on while its filter drops what comes, and ends with an empty list and the new cursor', async () => {
    const flags = ['a'];
    const since = bodyOf(await ask(stage, { flags })).cursor;
    const ends = ask(stage, { flags, query: { wait: '2', since } });
    const { answer } = await waiting({ flags, query: { wait: LONG, since } });
    const [, , skipped = ''] = await stage.toggle('b', 3);
    const hash = since.split('.')[3];
    expect(deltaOf(await ends)).toEqual({ mode: 'delta', events: [], cursor: `${skipped}.${hash}` });
    const [next = ''] = await stage.toggle('a', 1);
    const delta = deltaOf(await answer);
    expect([delta.events.map(({ type }) => type), delta.cursor]).toEqual([['FlagStatusChanged'], `${next}.${hash}`]);
  });

  it('ignores what happens in other environments', async () => {
    await stage.addEnvironment('other');
    const tagged = await waiting({ query: { wait: '2' }, headers: { 'If-None-Match': etag } });
    const since = await waiting({ query: { wait: '2', since: cursor } });
    await stage.toggle('a', 3, 'other');
    expect((await tagged.answer).status).toBe(304);
    expect(deltaOf(await since.answer)).toEqual({ mode: 'delta', events: [], cursor });
  });

  it('ends with 401 where its key is revoked meanwhile', async () => {
    const { admin, main, project } = stage;
    const { id, key } = await admin.createKey(main, 'server', {}, { project });
    const { answer } = await waiting({ key, query: { wait: LONG, since: cursor } });
    await admin.revokeKey(main, id, { project });
    expect((await answer).status).toBe(401);
  });

  it('is answered when the server stops', async () => {
    const tagged = await waiting({ query: { wait: LONG }, headers: { 'If-None-Match': etag } });
    const since = await waiting({ query: { wait: LONG, since: cursor } });
    await server.stop();
    expect((await tagged.answer).status).toBe(304);
    expect(deltaOf(await since.answer)).toEqual({ mode: 'delta', events: [], cursor });
  });
});
