import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EnvironmentHead } from '../changes/environment-head.entity.js';
import { ENV, KeyNodes } from './key-nodes.fake.js';

describe('SDK keys', () => {
  const nodes = new KeyNodes();
  beforeEach(() => nodes.open());
  afterEach(() => nodes.close());

  it('move the key revision of their environment, once for each change', async () => {
    const node = nodes.start();
    const { key } = await node.make();
    const revision = async () => (await nodes.database.read((manager) => manager.find(EnvironmentHead)))[0]?.keyRevision;
    const made = await revision();
    await node.rotate(key.id, 5);
    const rotated = await revision();
    await node.revoke(key.id);
    const revoked = await revision();
    await node.revoke(key.id);
    expect([made, rotated, revoked].map(Number)).toEqual([made, rotated, revoked].map(Number).sort((a, b) => a - b));
    expect(new Set([made, rotated, revoked]).size).toBe(3);
    expect(await revision()).toBe(revoked);
  });

  it('are listed by pages, without a secret or a hash', async () => {
    const node = nodes.start();
    const made = [await node.make(), await node.make(), await node.make()].map(({ key }) => key.id).sort();
    const first = await node.keys.list(ENV, null, 2);
    const second = await node.keys.list(ENV, first.next, 2);
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(made);
    expect(second.next).toBeNull();
    expect(Object.keys(first.items[0] ?? {}).sort()).toEqual(
      ['allowed_origins', 'created_at', 'expires_at', 'id', 'kind', 'last_used_at', 'name', 'prefix', 'revoked_at'].sort(),
    );
  });

  it('of another environment are not found', async () => {
    const node = nodes.start();
    const { key } = await node.make();
    const revoking = nodes.database.write((manager) => node.keys.revoke(manager, 'environment-2', key.id));
    await expect(revoking).rejects.toMatchObject({ code: 'environment_not_found' });
    await expect(node.revoke('nothing')).rejects.toMatchObject({ code: 'sdk_key_not_found' });
  });

  it('remember roughly when they were last used', async () => {
    const node = nodes.start();
    const { secret } = await node.make();
    const lastUse = async () => (await node.keys.list(ENV, null, 1)).items[0]?.last_used_at;
    await node.knock(secret);
    await node.usage.flush();
    expect(await lastUse()).toBe('2026-06-01T00:00:00.000Z');
    node.clock.time += 30_000;
    await node.knock(secret);
    await node.usage.flush();
    expect(await lastUse()).toBe('2026-06-01T00:00:00.000Z');
    node.clock.time += 30_000;
    await node.usage.flush();
    expect(await lastUse()).toBe('2026-06-01T00:00:30.000Z');
  });
});
