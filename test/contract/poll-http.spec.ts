import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type HttpAnswer } from '../support/http-request.js';
import { poll } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ask, bodyOf, deltaOf, type PollExtras } from './support/polls.js';
import { ON, Stage } from './support/stage.js';

const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync };
type Coding = keyof typeof DECODERS;

describe.each(['true', 'false'])('A poll (FLAGWIRE_FRONT_CACHE=%s)', (front) => {
  const launch = useServers();
  let server: TestServer;
  let stage: Stage;

  /** Asks until the body comes in this coding: it is built while others are answered without. */
  function coded(coding: Coding): Promise<HttpAnswer> {
    const attempt = async (): Promise<HttpAnswer> => {
      const answer = await ask(stage, { headers: { 'Accept-Encoding': coding } });
      expect(answer.header('content-encoding')).toBe(coding);
      return answer;
    };
    return eventually(attempt, { timeoutMs: 20_000, what: `a body in ${coding}` });
  }

  beforeAll(async () => {
    server = await launch({ env: { FLAGWIRE_FRONT_CACHE: front } });
  });
  beforeEach(async () => {
    stage = await Stage.open(server);
    for (const flag of ['b', 'a', 'x.1']) await stage.create(flag);
  });

  it('gives flags, date, tag and cursor, and nothing else', async () => {
    const cursor = await stage.edit('a', { ...ON, default_variant: 'on' });
    const answer = await ask(stage);
    const body = bodyOf(answer);
    expect(Object.keys(body)).toEqual(['flags', 'last_modified', 'etag', 'cursor']);
    expect(new Map(body.flags.map((flag) => [flag.id, flag]))).toEqual(await stage.truth());
    expect([body.cursor, body.etag, answer.header('etag')]).toEqual([cursor, `W/"${cursor}"`, `W/"${cursor}"`]);
    expect(answer.header('content-type')).toBe('application/json; charset=utf-8');
    expect(Number(answer.header('content-length'))).toBe(answer.bytes.length);
    expect(answer.header('flagwire-age-ms')).toMatch(/^\d+$/);
  });

  it('takes the key by every door but a ticket', async () => {
    const { key } = stage;
    const keyless = { url: server.url, key: '' };
    const doors: PollExtras[] = [
      { headers: { Authorization: `Bearer ${key}` } },
      { headers: { 'X-API-Key': key, Authorization: '' } },
      { query: { key }, headers: { Authorization: '' } },
    ];
    for (const door of doors) expect((await ask(stage, { ...keyless, ...door })).status).toBe(200);
    const { body } = await stage.admin.as(key).call<{ ticket: string }>('POST', '/sdk/ticket', {});
    const refused = await poll({ url: server.url, ticket: body.ticket });
    expect([refused.status, refused.json()]).toEqual([401, expect.objectContaining({ code: 'ticket_not_accepted' })]);
  });

  it('sends the same JSON and the same weak tag in every coding', async () => {
    const identity = await ask(stage, { headers: { 'Accept-Encoding': 'identity' } });
    for (const coding of ['br', 'gzip'] as const) {
      const answer = await coded(coding);
      expect(DECODERS[coding](answer.bytes).toString('utf8')).toBe(identity.text);
      expect(answer.header('etag')).toBe(identity.header('etag'));
      expect(Number(answer.header('content-length'))).toBe(answer.bytes.length);
      expect(answer.header('vary')).toBe(identity.header('vary'));
    }
    const again = await ask(stage, { headers: { 'Accept-Encoding': 'identity' } });
    expect([again.header('content-encoding'), again.text]).toEqual([undefined, identity.text]);
    const neither = await ask(stage, { headers: { 'Accept-Encoding': 'br;q=0, gzip;q=0, deflate' } });
    expect([neither.header('content-encoding'), neither.text]).toEqual([undefined, identity.text]);
  });

  it('sends no old body after a change: without a coding until that is built', async () => {
    for (const coding of ['br', 'gzip'] as const) {
      await coded(coding);
      const [cursor] = await stage.toggle('a', 1);
      const first = await ask(stage, { headers: { 'Accept-Encoding': coding } });
      expect([first.header('content-encoding'), bodyOf(first).cursor]).toEqual([undefined, cursor]);
      const built = await coded(coding);
      expect(DECODERS[coding](built.bytes).toString('utf8')).toBe(first.text);
    }
  });

  it('does not compress a filtered body', async () => {
    await coded('br');
    for (let round = 0; round < 3; round += 1) {
      const answer = await ask(stage, { flags: ['a', 'x.*'], headers: { 'Accept-Encoding': 'br, gzip' } });
      expect(answer.header('content-encoding')).toBeUndefined();
      expect(bodyOf(answer).flags.map(({ id }) => id)).toEqual(['a', 'x.1']);
    }
  });

  it('since a cursor gives the events after it, as they stand in a stream', async () => {
    const { cursor: since } = bodyOf(await ask(stage));
    const first = await stage.edit('a', ON);
    const second = await stage.set(['b', 'x.1'].map((flag) => ({ flag, ...ON })));
    const third = await stage.archive('b');
    const answer = await ask(stage, { query: { since } });
    const delta = deltaOf(answer);
    expect(Object.keys(delta).sort()).toEqual(['cursor', 'events', 'mode']);
    expect([delta.mode, delta.cursor]).toEqual(['delta', third]);
    const change = { old_status: 'disabled', new_status: 'enabled', version: 2, updated_at: expect.any(String) };
    expect(delta.events).toEqual([
      { type: 'FlagStatusChanged', data: { flag_id: 'a', ...change }, id: first },
      { type: 'FlagStatusChanged', data: { flag_id: 'b', ...change }, id: first, more: true },
      { type: 'FlagStatusChanged', data: { flag_id: 'x.1', ...change }, id: second },
      { type: 'FlagDeleted', data: { flag_id: 'b', version: 3 }, id: third },
    ]);
  });

  it('since no cursor gives every flag, to replace all that is held', async () => {
    const body = bodyOf(await ask(stage));
    for (const since of ['none', '', 'nonsense']) {
      const delta = deltaOf(await ask(stage, { query: { since } }));
      expect([delta.mode, delta.cursor]).toEqual(['full', body.cursor]);
      expect(delta.events).toEqual(body.flags.map((data) => ({ type: 'FlagUpdated', data, id: 'none' })));
    }
  });

  it('since the head gives an empty list, never 304, and nothing to cache', async () => {
    const { cursor, etag, last_modified } = bodyOf(await ask(stage));
    const conditions = [{}, { 'If-None-Match': etag }, { 'If-None-Match': '*' }, { 'If-Modified-Since': last_modified }];
    for (const headers of conditions) {
      const answer = await ask(stage, { query: { since: cursor, if_none_match: cursor }, headers });
      expect(deltaOf(answer)).toEqual({ mode: 'delta', events: [], cursor });
      expect(answer.header('cache-control')).toBe('no-store');
      expect([answer.header('etag'), answer.header('last-modified')]).toEqual([undefined, undefined]);
      expect(answer.header('flagwire-age-ms')).toMatch(/^\d+$/);
    }
  });

  it('since a cursor of a filter gives what the filter lets through, and the newest cursor', async () => {
    const flags = ['a', 'x.*'];
    const since = bodyOf(await ask(stage, { flags })).cursor;
    const cursor = await stage.set(['b', 'a', 'x.1'].map((flag) => ({ flag, ...ON })));
    const [last = ''] = await stage.toggle('b', 1);
    const delta = deltaOf(await ask(stage, { flags, query: { since } }));
    const hash = since.split('.')[3];
    expect(delta.events.map(({ id, more }) => [id, more])).toEqual([
      [since, true],
      [`${cursor}.${hash}`, undefined],
    ]);
    expect([delta.mode, delta.cursor]).toEqual(['delta', `${last}.${hash}`]);
  });
});
