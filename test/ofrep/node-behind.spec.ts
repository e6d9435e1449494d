import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CreatedKey } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { listensToPostgres, TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Notices, noticesUrl } from './support/notices.js';
import { type BulkBody, OfrepClient } from './support/ofrep-client.js';

/** As rarely as it can be set: wake-ups are all that a node has meanwhile, and they are cut. */
const TAIL_MS = 10_000;

describe('a node that is behind', () => {
  const start = useServers();
  let ahead: TestServer;
  let behind: TestServer;
  let wakeUps: TcpProxy;
  let key: CreatedKey;
  /** Of what the client has seen on the node that is ahead, and the node that is behind has not. */
  let cursor: string;
  let tag: string;
  let lastModified: number;
  let isOn = false;

  const ask = async (node: TestServer, query = '', headers: Record<string, string> = {}) => {
    const answer = await new OfrepClient(node.url, key.key).post(query, { context: {} }, headers);
    expect(answer.status).toBe(200);
    const { flags, metadata } = answer.json() as BulkBody;
    return { value: flags[0]?.value, revision: metadata.revision, tag: answer.header('etag') ?? '' };
  };

  /** `lastModified` of the notice to somebody who comes back after any other state. */
  async function toldBy(node: TestServer): Promise<number> {
    const notices = await Notices.open(await noticesUrl(node, key.key), { 'Last-Event-ID': 'earlier' });
    await eventually(() => expect(notices.ids).toEqual([cursor]));
    notices.close();
    return Number(notices.messages('refetchEvaluation')[0]?.data['lastModified']);
  }

  beforeAll(async () => {
    ahead = await start({ database: 'postgres' });
    wakeUps = await TcpProxy.start(ahead.databaseUrl);
    await ahead.admin.createFlag('a', { environments: { production: { status: 'enabled' } } });
    key = await ahead.admin.createKey('production', 'client');
    const env = { DATABASE_LISTEN_URL: wakeUps.through(ahead.databaseUrl), FLAGWIRE_TAIL_MS: String(TAIL_MS) };
    behind = await start({ database: ahead.databaseUrl, env });
    await ask(behind);
    wakeUps.dropServerBytes(listensToPostgres);
  }, 60_000);
  afterAll(() => wakeUps?.stop());

  /** It reads the log now and then all the same: then there is another change, until it has not heard of one. */
  const fallBehind = () =>
    eventually(
      async () => {
        isOn = !isOn;
        const { cursors } = await ahead.admin.patchEnv('a', 'production', { default_variant: isOn ? 'on' : 'off' });
        cursor = cursors['production'] ?? '';
        await eventually(async () => (await ask(ahead)).value === isOn);
        ({ tag } = await ask(ahead));
        lastModified = await toldBy(ahead);
        return (await ask(behind)).value === !isOn;
      },
      { timeoutMs: 15_000 },
    );
  beforeEach(fallBehind);

  it.each<[string, () => [string, Record<string, string>]]>([
    ['flagConfigEtag of a notice', () => [`?flagConfigEtag=${cursor}`, {}]],
    ['flagConfigEtag, in quotes as a tag', () => [`?flagConfigEtag=${encodeURIComponent(`W/"${cursor}"`)}`, {}]],
    ['flagConfigLastModified', () => [`?flagConfigLastModified=${lastModified}`, {}]],
    ['If-None-Match of another context', () => ['', { 'If-None-Match': tag.replace(/-[0-9a-f]{32}-/, `-${'0'.repeat(32)}-`) }]],
  ])('reads the log before it answers a client that has seen more, by its %s', async (_, made) => {
    const { revision } = await ask(ahead);
    const [query, headers] = made();
    expect(await ask(behind, query, headers)).toMatchObject({ value: isOn, revision });
  });

  it('says 304 by the tag that the other node gave, since it reads the log first', async () => {
    const client = new OfrepClient(behind.url, key.key);
    expect((await client.bulk({}, { 'If-None-Match': tag })).status).toBe(304);
    expect((await ask(behind)).value).toBe(isOn);
  });

  it('gives no notice to who comes to its stream with more than it knows, and has read the log then', async () => {
    const notices = await Notices.open(await noticesUrl(behind, key.key), { 'Last-Event-ID': cursor });
    await eventually(async () => expect((await ask(behind)).value).toBe(isOn));
    expect(notices.ids.filter((id) => id !== cursor)).toEqual([]);
    notices.close();
  });
});
