import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { SystemRandom } from '../common/random.js';
import { ENV, KeyNodes } from './key-nodes.fake.js';
import { drawSecret, parseSecret, type PresentedSecret } from './secret-format.js';

describe('SDK keys', () => {
  const nodes = new KeyNodes();
  beforeEach(() => nodes.open());
  afterEach(() => nodes.close());

  describe('made on another node', () => {
    it('work at once, before the feed has said anything', async () => {
      const node = nodes.start();
      const { secret } = await node.make();
      expect(await node.knock(secret)).toBe('ok');
    });

    it('are held from then on', async () => {
      const node = nodes.start();
      const { secret } = await node.make();
      await node.knock(secret);
      nodes.database.isAway = true;
      expect(await node.knock(secret)).toBe('ok');
    });
  });

  describe('that are unknown', () => {
    const stranger = () => drawSecret('server', new SystemRandom()).text;

    it('are looked up once, then refused from memory for a while', async () => {
      const node = nodes.start();
      const secret = stranger();
      for (let attempt = 0; attempt < 5; attempt++) expect(await node.knock(secret)).toBe('unknown_key');
      expect(nodes.database.reads).toBe(1);
    });

    it('are looked up once for everybody who asks at the same time', async () => {
      const node = nodes.start();
      const secret = stranger();
      await Promise.all(Array.from({ length: 50 }, () => node.knock(secret)));
      expect(nodes.database.reads).toBe(1);
    });

    it('cannot take more than so many look-ups', async () => {
      const node = nodes.start();
      const answers: string[] = [];
      for (let attempt = 0; attempt < 300; attempt++) answers.push(await node.knock(stranger()));
      expect(answers.filter((answer) => answer === 'unknown_key')).toHaveLength(200);
      expect(answers.filter((answer) => answer === 'key_not_checked')).toHaveLength(100);
    });

    it('are looked up again as soon as keys changed', async () => {
      const node = nodes.start();
      const secret = stranger();
      await node.knock(secret);
      node.hear();
      const before = nodes.database.reads;
      await node.knock(secret);
      expect(nodes.database.reads).toBeGreaterThan(before);
    });

    it('are neither let in nor refused for good while the database is away', async () => {
      const node = nodes.start();
      nodes.database.isAway = true;
      expect(await node.knock(stranger())).toBe('database_unavailable');
    });

    it('cannot pass by another secret under a known selector', async () => {
      const node = nodes.start();
      const { secret } = await node.make();
      const { selector } = parseSecret(secret) as PresentedSecret;
      const forged: PresentedSecret = { kind: 'server', selector, secretHash: Buffer.alloc(32) };
      await expect(node.ring.withSecret(forged)).rejects.toMatchObject({ code: 'unknown_key' });
      const { key, secret: dead } = await node.make();
      await node.revoke(key.id);
      const { selector: deadSelector } = parseSecret(dead) as PresentedSecret;
      await expect(node.ring.withSecret({ ...forged, selector: deadSelector })).rejects.toMatchObject({ code: 'unknown_key' });
    });

    it('cannot turn a client key into a server key', async () => {
      const node = nodes.start();
      const { secret } = await node.make({ kind: 'client' });
      const presented = parseSecret(secret) as PresentedSecret;
      await expect(node.ring.withSecret({ ...presented, kind: 'server' })).rejects.toMatchObject({ code: 'unknown_key' });
      await expect(node.ring.withSecret(presented)).resolves.toMatchObject({ kind: 'client' });
    });
  });

  describe('that are revoked', () => {
    it('die when the feed says that keys changed', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      await node.knock(secret);
      await node.revoke(key.id);
      expect(await node.nextDeath()).toEqual({ keyId: key.id, reason: 'key_revoked' });
      expect(node.ring.isLive(key.id)).toBe(false);
      expect(await node.knock(secret)).toBe('revoked_key');
    });

    it('leave the other keys of the environment alone', async () => {
      const node = nodes.start();
      const [first, second] = [await node.make(), await node.make()];
      await Promise.all([node.knock(first.secret), node.knock(second.secret)]);
      await node.revoke(first.key.id);
      await node.nextDeath();
      expect(node.deaths).toHaveLength(1);
      expect(await node.knock(second.secret)).toBe('ok');
    });

    it('die although the first reads fail', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      await node.knock(secret);
      await node.revoke(key.id);
      nodes.database.isAway = true;
      const death = firstValueFrom(node.ring.died);
      node.hear();
      await new Promise(setImmediate);
      expect(node.ring.isLive(key.id)).toBe(true);
      nodes.database.isAway = false;
      expect(await death).toEqual({ keyId: key.id, reason: 'key_revoked' });
    });

    it('stay refused while the database is away', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      await node.knock(secret);
      await node.revoke(key.id);
      await node.nextDeath();
      nodes.database.isAway = true;
      expect(await node.knock(secret)).toBe('revoked_key');
    });

    it('are known as such to a node that never held them', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      await node.revoke(key.id);
      expect(await node.knock(secret)).toBe('revoked_key');
    });

    it('are not brought back by a look-up that found them alive', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      nodes.database.meanwhile = async () => {
        await node.revoke(key.id);
        node.hear();
      };
      expect(await node.knock(secret)).toBe('unknown_key');
      expect(node.ring.isLive(key.id)).toBe(false);
      expect(await node.knock(secret)).toBe('revoked_key');
    });

    it('are not brought back by a load that found them alive', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      await node.knock(secret);
      nodes.database.meanwhile = async () => {
        await node.revoke(key.id);
        node.hear();
      };
      expect(await node.nextDeath()).toEqual({ keyId: key.id, reason: 'key_revoked' });
      expect(node.ring.endingOf(key.id)).toBe('key_revoked');
    });
  });

  describe('that expire', () => {
    it('die by themselves', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make({ expiresAt: '2026-06-01T01:00:00Z' });
      expect(await node.knock(secret)).toBe('ok');
      const death = firstValueFrom(node.ring.died);
      node.clock.time = Date.parse('2026-06-01T01:00:00Z');
      expect(node.ring.endingOf(key.id)).toBe('key_expired');
      expect(await death).toEqual({ keyId: key.id, reason: 'key_expired' });
      expect(node.ring.endingOf(key.id)).toBe('key_expired');
      expect(await node.knock(secret)).toBe('expired_key');
    });

    it('go on for the grace period when they are rotated', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make({ allowedOrigins: ['https://a.example'] });
      const issued = await node.rotate(key.id, 60);
      expect(issued.key).toMatchObject({ name: 'k', kind: 'server', allowed_origins: ['https://a.example'], expires_at: null });
      expect(issued.key.id).not.toBe(key.id);
      expect([await node.knock(secret), await node.knock(issued.secret)]).toEqual(['ok', 'ok']);
      const death = firstValueFrom(node.ring.died);
      node.clock.time += 60_000;
      expect(await death).toEqual({ keyId: key.id, reason: 'key_expired' });
      expect([await node.knock(secret), await node.knock(issued.secret)]).toEqual(['expired_key', 'ok']);
    });

    it('end at once without a grace period', async () => {
      const node = nodes.start();
      const { key, secret } = await node.make();
      await node.knock(secret);
      await node.rotate(key.id, 0);
      expect(await node.nextDeath()).toEqual({ keyId: key.id, reason: 'key_expired' });
    });

    it('are not prolonged by a rotation', async () => {
      const node = nodes.start();
      const { key } = await node.make({ expiresAt: '2026-06-01T00:00:30Z' });
      await node.rotate(key.id, 60);
      const { items } = await node.keys.list(ENV, null, 10);
      expect(items.map((item) => item.expires_at)).toEqual(['2026-06-01T00:00:30.000Z', '2026-06-01T00:00:30.000Z']);
    });
  });

  it('die with their environment', async () => {
    const node = nodes.start();
    const { key, secret } = await node.make();
    await node.knock(secret);
    await nodes.database.write((manager) => manager.query(`DELETE FROM environment WHERE id = '${ENV}'`));
    expect(await node.nextDeath(() => node.feed.updates.next({ kind: 'removed', environmentId: ENV }))).toEqual({
      keyId: key.id,
      reason: 'environment_deleted',
    });
    expect(await node.knock(secret)).toBe('unknown_key');
  });

  it('of a deleted environment are not brought back by a load under way', async () => {
    const node = nodes.start();
    const { key, secret } = await node.make();
    await node.knock(secret);
    const wasRead = new Promise<void>((resolve) => {
      nodes.database.meanwhile = async () => {
        await nodes.database.write((manager) => manager.query(`DELETE FROM environment WHERE id = '${ENV}'`));
        node.feed.updates.next({ kind: 'removed', environmentId: ENV });
        // The rows that were read are good for nothing now, and no other can be read.
        nodes.database.isAway = true;
        resolve();
      };
    });
    node.hear();
    await wasRead;
    await new Promise(setImmediate);
    expect(node.ring.isLive(key.id)).toBe(false);
    expect(node.deaths).toEqual([{ keyId: key.id, reason: 'environment_deleted' }]);
  });

  it('stop when the database has been away for too long, where that is wanted', async () => {
    const node = nodes.start({ FLAGWIRE_KEYS_FAIL_CLOSED_S: '5' });
    const { key, secret } = await node.make();
    await node.knock(secret);
    node.feed.age = 5000;
    expect(await node.knock(secret)).toBe('ok');
    expect(await node.nextDeath(() => (node.feed.age = 5001))).toEqual({ keyId: key.id, reason: 'stale' });
    expect(node.ring.endingOf(key.id)).toBe('stale');
    expect(await node.knock(secret)).toBe('key_not_checked');
    node.feed.age = 0;
    expect(await node.knock(secret)).toBe('ok');
  });
});
