import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type HttpAnswer } from '../support/http-request.js';
import { type PollBody } from '../support/poll-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ask, bodyOf, httpDate, type PollExtras } from './support/polls.js';
import { Stage } from './support/stage.js';

const KEPT = ['etag', 'last-modified', 'cache-control', 'vary'] as const;

describe.each(['true', 'false'])('A poll under a condition (FLAGWIRE_FRONT_CACHE=%s)', (front) => {
  const launch = useServers();
  let server: TestServer;
  let stage: Stage;
  let now: PollBody;

  const status = async (extras: PollExtras): Promise<number> => (await ask(stage, extras)).status;
  const header = (name: string, value: string): Promise<number> => status({ headers: { [name]: value } });
  const parameter = (name: string, value: string): Promise<number> => status({ query: { [name]: value } });

  /** A poll whose `Last-Modified` is out, which it is not while that lies in the future. */
  function dated(): Promise<HttpAnswer> {
    const attempt = async (): Promise<HttpAnswer> => {
      const answer = await ask(stage);
      expect(answer.header('last-modified')).toBeDefined();
      return answer;
    };
    return eventually(attempt, { timeoutMs: 20_000, what: 'Last-Modified' });
  }

  beforeAll(async () => {
    server = await launch({ env: { FLAGWIRE_FRONT_CACHE: front } });
  });
  beforeEach(async () => {
    stage = await Stage.open(server);
    await stage.create('a');
    await stage.create('b');
    now = bodyOf(await ask(stage));
  });

  it('answers 304 to the tag: weak, strong, in a list, with empty members, or any', async () => {
    const { cursor } = now;
    expect(now.etag).toBe(`W/"${cursor}"`);
    const lists = [
      ...[`W/"${cursor}"`, `"${cursor}"`, '*', ' * ', `"other", W/"${cursor}"`, `W/"${cursor}","other"`],
      ...[`, ,W/"${cursor}"`, `"a",, , "${cursor}",`, `"with,comma", "${cursor}"`, `\t"${cursor}"\t,\t"x"`, `"", "${cursor}"`],
    ];
    for (const list of lists) expect([list, await header('If-None-Match', list)]).toEqual([list, 304]);
  });

  it('answers 200 to every other tag', async () => {
    const { cursor } = now;
    const [epoch, revision, mark] = cursor.split('.');
    const others = [
      ...['"other"', '"none"', '""', `W/"${epoch}.${revision}.aaaaaa"`, `W/"${epoch}.${Number(revision) - 1}.${mark}"`],
      ...[`W/"${cursor}.00000000"`, `"${cursor.toUpperCase()}"`, `"x${cursor}"`, `"a, ${cursor}"`, `"*"`, ',', `w/"${cursor}"`],
    ];
    for (const tag of others) expect([tag, await header('If-None-Match', tag)]).toEqual([tag, 200]);
  });

  it('takes the tag as a parameter, with quotes and without', async () => {
    const { cursor } = now;
    for (const value of [cursor, `"${cursor}"`, `W/"${cursor}"`, '*', `"x", "${cursor}"`]) {
      expect([value, await parameter('if_none_match', value)]).toEqual([value, 304]);
    }
    for (const value of ['other', '', '"other"', `${cursor}x`]) {
      expect([value, await parameter('if_none_match', value)]).toEqual([value, 200]);
    }
  });

  it('answers 304 to the very date of the revision', async () => {
    const { last_modified: time } = now;
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect(await header('If-Modified-Since', httpDate(time))).toBe(304);
    const inBerlin = new Date(Date.parse(time) + 3_600_000).toISOString().replace('Z', '+01:00');
    for (const value of [time, httpDate(time), time.replace('.000Z', 'Z'), inBerlin]) {
      expect([value, await parameter('if_modified_since', value)]).toEqual([value, 304]);
    }
  });

  it('answers 200 to every other date, also a later one', async () => {
    const { last_modified: time } = now;
    const others = [...[-86_400, -1, 1, 86_400, 864_000].map((seconds) => httpDate(time, seconds)), 'yesterday', '0', ''];
    for (const date of others) {
      expect([date, await header('If-Modified-Since', date)]).toEqual([date, 200]);
      expect([date, await parameter('if_modified_since', date)]).toEqual([date, 200]);
    }
    expect(await parameter('if_modified_since', new Date(Date.parse(time) + 500).toISOString())).toBe(200);
  });

  it('gives each revision a date of its own, however fast they come', async () => {
    const dates = new Set<string>([now.last_modified]);
    for (let round = 0; round < 4; round += 1) {
      await stage.toggle('a', 1);
      dates.add(bodyOf(await ask(stage)).last_modified);
    }
    expect(dates.size).toBe(5);
    expect(await header('If-Modified-Since', httpDate(now.last_modified))).toBe(200);
  });

  it('lets the tag beat the date, by header and by parameter', async () => {
    const date = { 'If-Modified-Since': httpDate(now.last_modified) };
    expect(await status({ headers: { ...date, 'If-None-Match': '"other"' } })).toBe(200);
    expect(await status({ headers: date, query: { if_none_match: 'other' } })).toBe(200);
    expect(await status({ query: { if_none_match: 'other', if_modified_since: now.last_modified } })).toBe(200);
    const early = { 'If-Modified-Since': httpDate(now.last_modified, -5) };
    expect(await status({ headers: { ...early, 'If-None-Match': now.etag } })).toBe(304);
    expect(await status({ headers: early, query: { if_none_match: now.cursor } })).toBe(304);
  });

  it('keeps in a 304 what a cache needs of the 200', async () => {
    const whole = await dated();
    const { etag, last_modified } = bodyOf(whole);
    expect(whole.header('last-modified')).toBe(httpDate(last_modified));
    for (const condition of [{ 'If-None-Match': etag }, { 'If-Modified-Since': httpDate(last_modified) }]) {
      const unchanged = await ask(stage, { headers: condition });
      expect([unchanged.status, unchanged.bytes.length]).toEqual([304, 0]);
      expect(KEPT.map((name) => unchanged.header(name))).toEqual(KEPT.map((name) => whole.header(name)));
      expect(unchanged.header('content-type')).toBeUndefined();
      expect(unchanged.header('flagwire-age-ms')).toMatch(/^\d+$/);
    }
  });

  it('says in both that caches may keep it and have to ask', async () => {
    for (const headers of [{}, { 'If-None-Match': now.etag }]) {
      const answer = await ask(stage, { headers });
      expect(answer.header('cache-control')).toBe('private, no-cache');
      const vary = answer.header('vary')?.split(/, */).sort();
      expect(vary).toEqual(['Accept-Encoding', 'Authorization', 'Origin', 'X-API-Key']);
    }
  });

  it('leaves Last-Modified out while it lies in the future', async () => {
    await stage.toggle('a', 5);
    const answer = await ask(stage);
    const { last_modified, etag } = bodyOf(answer);
    expect(Date.parse(last_modified)).toBeGreaterThan(Date.now());
    expect(answer.header('last-modified')).toBeUndefined();
    expect((await ask(stage, { headers: { 'If-None-Match': etag } })).header('last-modified')).toBeUndefined();
    const later = await dated();
    expect([later.header('last-modified'), bodyOf(later).etag]).toEqual([httpDate(last_modified), etag]);
  });

  it('decides alone: the freshness that the framework would see is none', async () => {
    const whole = await dated();
    const { etag, last_modified, cursor } = bodyOf(whole);
    // Express takes any later date for fresh; and no tag for fresh where the request says no-cache.
    expect(await header('If-Modified-Since', httpDate(last_modified, 3600))).toBe(200);
    expect(await status({ headers: { 'If-None-Match': etag, 'Cache-Control': 'no-cache' } })).toBe(304);
    const since = { query: { since: cursor }, headers: { 'If-None-Match': '*', 'If-Modified-Since': httpDate(last_modified) } };
    expect(await status(since)).toBe(200);
  });

  it('belongs to the filter: the tag of another one is old', async () => {
    const narrow = bodyOf(await ask(stage, { flags: ['a'] }));
    expect(narrow.flags.map(({ id }) => id)).toEqual(['a']);
    expect(await status({ flags: ['a'], headers: { 'If-None-Match': narrow.etag } })).toBe(304);
    expect(await status({ flags: ['b'], headers: { 'If-None-Match': narrow.etag } })).toBe(200);
    expect(await status({ headers: { 'If-None-Match': narrow.etag } })).toBe(200);
    expect(await status({ flags: ['a'], headers: { 'If-None-Match': now.etag } })).toBe(200);
  });

  it('answers HEAD with the head of GET', async () => {
    const whole = await dated();
    const { etag } = bodyOf(whole);
    const [head, unchanged] = await Promise.all(
      [{}, { 'If-None-Match': etag }].map((headers) =>
        stage.admin.as(stage.key).request('HEAD', '/sdk/poll', undefined, headers),
      ),
    );
    expect([head?.status, unchanged?.status]).toEqual([200, 304]);
    for (const name of [...KEPT, 'content-type', 'content-length'])
      expect([name, head?.headers[name]]).toEqual([name, whole.header(name)]);
    for (const name of KEPT) expect([name, unchanged?.headers[name]]).toEqual([name, whole.header(name)]);
  });
});
