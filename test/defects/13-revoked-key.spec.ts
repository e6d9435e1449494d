import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { poll } from '../support/poll-client.js';
import { type FreshDatabase } from '../support/fresh-database.js';
import { type InProcessNode, useNodes } from './in-process-node.js';
import { type SseProbe } from '../support/sse-client.js';
import { eventually } from '../support/wait.js';

const nodes = useNodes();

describe('defect 13: on every node', () => {
  let database: FreshDatabase;
  let both: InProcessNode[];
  const probes: SseProbe[] = [];
  const first = () => both[0] as InProcessNode;

  async function streamsOf(key: string): Promise<SseProbe[]> {
    const opened = await Promise.all(both.map((node) => node.stream({ key })));
    probes.push(...opened);
    return opened;
  }

  async function expectGone(opened: SseProbe[], reason: string): Promise<void> {
    for (const probe of opened) {
      await probe.waitFor(({ type }) => type === 'Goodbye');
      expect(probe.goodbye).toEqual({ reason, retry_after_ms: null });
      expect(await probe.closed).toEqual({ by: 'server' });
    }
  }

  beforeAll(async () => {
    database = await nodes.postgres();
    both = [await nodes.start({ databaseUrl: database.url }), await nodes.start({ databaseUrl: database.url })];
  });
  afterAll(() => Promise.all(probes.map((probe) => probe.close())));

  it('the streams of a revoked key end, and it opens no door any more', async () => {
    const { id, key } = await first().admin.createKey('production');
    const opened = await streamsOf(key);
    const other = await streamsOf(await first().key());
    await first().admin.revokeKey('production', id);
    await expectGone(opened, 'key_revoked');
    const statuses = both.map(async ({ url }) => (await poll({ url, key })).status);
    expect(await Promise.all(statuses)).toEqual([401, 401]);
    expect(other.map(({ isOpen }) => isOpen)).toEqual([true, true]);
  });

  it('the streams of a key that expires end', async () => {
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const { key } = await first().admin.createKey('production', 'server', { expires_at });
    await expectGone(await streamsOf(key), 'key_expired');
  });

  it('a long poll that waits with a revoked key is answered, and with a refusal', async () => {
    const { id, key } = await first().admin.createKey('production');
    const other = both[1] as InProcessNode;
    const { url, followers } = other;
    const tag = (await poll({ url, key })).header('etag') ?? '';
    const waiting = poll({ url, key, query: { wait: '10' }, headers: { 'If-None-Match': tag } });
    await eventually(() => other.followers > followers);
    await first().admin.revokeKey('production', id);
    expect((await waiting).status).toBe(401);
  });
});
