import { beforeAll, describe, expect, it } from '@jest/globals';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { createEveryKind } from './support/every-kind.js';

const start = useServers();
let server: TestServer;
let client: Client;
let key: { id: string; key: string };

async function provide(text: string): Promise<Client> {
  const headers: [string, string][] = [['Authorization', `Bearer ${text}`]];
  await OpenFeature.setProviderAndWait('stock', new OFREPProvider({ baseUrl: server.url, headers }));
  return OpenFeature.getClient('stock');
}

beforeAll(async () => {
  server = await start();
  await createEveryKind(server.admin);
  key = await server.admin.createKey('production', 'client');
  client = await provide(key.key);
});

const USER = { targetingKey: 'user-1', role: 'admin', zero: 0 };

describe('the stock OFREP provider for servers', () => {
  it('gives values of every type, with variant, reason and version', async () => {
    expect(await client.getBooleanDetails('a.boolean', true, USER)).toMatchObject({
      ...{ value: false, variant: 'off', reason: 'STATIC', flagMetadata: { version: 1 } },
    });
    expect(await client.getStringDetails('b.string', '-', USER)).toMatchObject({ value: 'text', reason: 'STATIC' });
    expect(await client.getNumberDetails('c.integer', 0, USER)).toMatchObject({ value: 7, reason: 'STATIC' });
    expect(await client.getNumberDetails('d.float', 0, USER)).toMatchObject({ value: 0.5, reason: 'STATIC' });
    expect(await client.getObjectDetails('e.object', {}, USER)).toMatchObject({ value: { a: [1, { b: null }] } });
  });

  it('passes on that a rule decided, or gave nothing', async () => {
    expect(await client.getBooleanDetails('f.targeted', false, USER)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    expect(await client.getBooleanDetails('f.targeted', true, {})).toMatchObject({ value: false, reason: 'DEFAULT' });
    expect(await client.getBooleanDetails('h.by-email', false, { email: 'a@b.c' })).toMatchObject({ value: true });
  });

  it('takes an answer without a value for an error, and gives the default in the code', async () => {
    for (const flag of ['i.no-default', 'j.disabled']) {
      const details = await client.getBooleanDetails(flag, true, USER);
      expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'GENERAL' });
    }
  });

  it('names errors as OpenFeature does', async () => {
    const codes = async (flag: string, context = {}) => (await client.getBooleanDetails(flag, true, context)).errorCode;
    expect(await codes('no-such-flag')).toBe('FLAG_NOT_FOUND');
    expect(await codes('g.split')).toBe('TARGETING_KEY_MISSING');
    expect(await codes('g.split', { targetingKey: 'x' })).toBeUndefined();
    expect(await codes('l.divides', { zero: 0 })).toBe('GENERAL');
    expect(await codes('b.string')).toBe('TYPE_MISMATCH');
    expect(await codes('a.boolean', { text: 'x'.repeat(70_000) })).toBe('INVALID_CONTEXT');
  });

  it('sees a change at once, and goes on after a restart of the server', async () => {
    await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'on' });
    expect(await client.getBooleanValue('a.boolean', false)).toBe(true);
    await server.restart();
    expect(await client.getBooleanValue('a.boolean', false)).toBe(true);
  });

  it('gives the default in the code once its key is revoked', async () => {
    await server.admin.revokeKey('production', key.id);
    await eventually(async () => expect((await client.getBooleanDetails('a.boolean', false)).errorCode).toBe('GENERAL'));
    expect(await client.getBooleanValue('a.boolean', false)).toBe(false);
  });
});
