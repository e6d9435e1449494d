import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sdkHeaders, sdkUrl, type SdkRequest } from '../support/credentials.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Stage } from './support/stage.js';
import { PATIENCE_MS } from './support/subscriber.js';

const DOORS = ['/sdk/stream', '/sdk/poll'] as const;

describe.each(DOORS)('For good %s refuses by a problem document', (door) => {
  const launch = useServers();
  let server: TestServer;
  let stage: Stage;
  beforeAll(async () => {
    server = await launch();
    stage = await Stage.open(server);
    await stage.addEnvironment('other');
  });

  /** @param request null: without a key. */
  async function refusal(request: Partial<SdkRequest> | null): Promise<{ status: number; code: unknown; errors?: unknown }> {
    const whole = { url: server.url, ...(request === null ? {} : { key: stage.key, ...request }) };
    const answer = await httpRequest(sdkUrl(whole, door), { headers: { Accept: 'text/event-stream', ...sdkHeaders(whole) } });
    expect(answer.header('content-type')).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ status: answer.status, title: expect.any(String), detail: expect.any(String) });
    const { code, errors } = answer.json() as { code: unknown; errors?: { path: string }[] };
    return { status: answer.status, code, ...(errors && { errors: errors.map(({ path }) => path) }) };
  }

  const hundred = Array.from({ length: 100 }, (_, index) => `flag-${index}`);

  it.each([
    ['an empty list', ''],
    ['an empty entry', 'a,,b'],
    ['a comma alone', ','],
    ['a space in an entry', 'a, b'],
    ['a star in front', '*a'],
    ['a prefix of a star', '**'],
    ['a star inside', 'a*b'],
    ['an id that begins with a dot', '.a'],
    ['a prefix that begins with a dot', '.*'],
    ['letters that no id has', 'größe'],
    ['101 entries', [...hundred, 'one-more'].join(',')],
    ['more than 4 KiB', Array.from({ length: 40 }, (_, index) => `${'x'.repeat(105)}${index}`).join(',')],
  ])('for %s of flags', async (_what, flags) => {
    expect(await refusal({ query: { flags } })).toEqual({ status: 400, code: expect.any(String), errors: ['flags'] });
  });

  it('for another environment than the key is of', async () => {
    expect(await refusal({ env: 'other' })).toEqual({ status: 403, code: 'wrong_environment' });
    expect(await refusal({ env: 'no-such' })).toEqual({ status: 403, code: 'wrong_environment' });
  });

  it('for no key, a mistyped one, an admin token, two different keys', async () => {
    const { key } = stage;
    expect(await refusal(null)).toMatchObject({ status: 401 });
    expect(await refusal({ key: `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}` })).toMatchObject({ status: 401 });
    expect(await refusal({ key: server.adminToken })).toMatchObject({ status: 401 });
    expect(await refusal({ query: { key: 'fw_srv_other' } })).toMatchObject({ status: 400 });
  });

  it('but takes 100 entries, and the environment of the key', async () => {
    const request = { url: server.url, key: stage.key, flags: hundred, env: stage.main };
    const answer = await httpRequest(sdkUrl(request, '/sdk/poll'), { headers: sdkHeaders(request) });
    expect(answer.status).toBe(200);
    const probe = await SseProbe.connect(request);
    await probe.waitForSync(PATIENCE_MS);
    await probe.close();
  });
});

describe('For now a stream refuses by a stream that ends', () => {
  const launch = useServers();
  let server: TestServer;
  let stage: Stage;
  const probes: SseProbe[] = [];

  async function connect(cursor?: string): Promise<SseProbe> {
    const presented = cursor === undefined ? {} : { cursor };
    const probe = await SseProbe.connect({ url: server.url, key: stage.key, ...presented });
    probes.push(probe);
    return probe;
  }

  beforeAll(async () => {
    server = await launch({ env: { FLAGWIRE_MAX_PER_SERVER_KEY: '1' } });
    stage = await Stage.open(server);
    await stage.create('a');
  });
  afterEach(async () => {
    for (const probe of probes.splice(0)) await probe.close();
  });

  /** The one connection that the key may have. A connection of the test before may still be going. */
  function occupy(): Promise<SseProbe> {
    return eventually(
      async () => {
        const probe = await connect();
        await probe.waitForSync(PATIENCE_MS);
        return probe;
      },
      { timeoutMs: PATIENCE_MS },
    );
  }

  it('with the presented cursor, the time to come back, and Goodbye', async () => {
    const { cursor } = (await occupy()).checker;
    for (const presented of [cursor, 'none']) {
      const refused = await connect(presented);
      expect(await refused.closed).toEqual({ by: 'server' });
      expect([refused.status, refused.headers['content-type']]).toEqual([200, 'text/event-stream']);
      const { retry } = refused;
      const goodbye = `{"type":"Goodbye","data":{"reason":"overload","retry_after_ms":${retry}}}`;
      const text = `id: ${presented}\nretry: ${retry}\n\nid: ${presented}\ndata: ${goodbye}\n\n`;
      expect(refused.raw.replace(/^\n+/, '')).toBe(text);
      expect(retry).toBeGreaterThanOrEqual(1000);
      expect(retry).toBeLessThanOrEqual(5000);
      refused.assertInOrder();
    }
  });

  it('only while the key has too many connections', async () => {
    const first = await occupy();
    expect((await connect()).status).toBe(200);
    await first.close();
    const next = await occupy();
    expect(next.state.size).toBe(1);
    next.assertInOrder();
  });

  it('with none where nothing, or no cursor, was presented', async () => {
    await occupy();
    for (const presented of [undefined, 'nonsense']) {
      const refused = await connect(presented);
      await refused.closed;
      expect(refused.messages.map(({ type, id }) => [type, id])).toEqual([['Goodbye', 'none']]);
    }
  });

  it('when the server stops, with the cursor of the connection', async () => {
    const probe = await occupy();
    const { cursor } = probe.checker;
    await server.stop();
    expect(await probe.closed).toEqual({ by: 'server' });
    expect(probe.goodbye).toEqual({ reason: 'shutdown', retry_after_ms: probe.retry });
    expect(probe.messages.at(-1)?.id).toBe(cursor);
    expect(probe.raw).toMatch(/\n\nid: \S+\nretry: \d+\n\nid: \S+\ndata: \{"type":"Goodbye"[^\n]*\n\n$/);
    probe.assertInOrder();
  });
});
