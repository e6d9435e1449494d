import assert from 'node:assert/strict';
import { FlagwireProvider } from '@flagwire/openfeature';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';

const USER = { targetingKey: 'user-1', role: 'admin', zero: 0 };

export const flagwireProvider: ClientRow = {
  name: '@flagwire/openfeature, Node.js',
  keyKind: 'server',
  async connect({ server, key }) {
    // The table stands alone.
    const warn = () => undefined;
    await OpenFeature.setProviderAndWait('flagwire', new FlagwireProvider({ url: server.url, sdkKey: key.key, warn }));
    const client = OpenFeature.getClient('flagwire');
    const heard: string[] = [];
    client.addHandler(ProviderEvents.ConfigurationChanged, (event) => heard.push(`changed ${String(event?.flagsChanged)}`));
    client.addHandler(ProviderEvents.Error, () => heard.push('error'));
    const reason = async (flag: string) => (await client.getBooleanDetails(flag, true, USER)).reason;
    const code = async (flag: string, context = {}) => (await client.getBooleanDetails(flag, true, context)).errorCode;
    return {
      checks: {
        types: async () => {
          assert.equal(await client.getBooleanValue('a.boolean', true, USER), false);
          assert.equal(await client.getStringValue('b.string', '-', USER), 'text');
          assert.equal(await client.getNumberValue('d.float', 0, USER), 0.5);
          assert.deepEqual(await client.getObjectValue('e.object', {}, USER), { a: [1, { b: null }] });
        },
        reasons: async () => {
          assert.equal(await reason('a.boolean'), 'STATIC');
          assert.equal(await reason('f.targeted'), 'TARGETING_MATCH');
          assert.equal(await reason('i.no-default'), 'DEFAULT');
          assert.equal(await reason('j.disabled'), 'DISABLED');
        },
        errors: async () => {
          assert.equal(await code('nothing'), 'FLAG_NOT_FOUND');
          assert.equal(await code('b.string'), 'TYPE_MISMATCH');
          assert.equal(await code('g.split'), 'TARGETING_KEY_MISSING');
          assert.equal(await code('l.divides', { zero: 0 }), 'GENERAL');
        },
        changes: async () => {
          await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'on' });
          await eventually(() => assert.equal(heard.at(-1), 'changed a.boolean'));
          assert.equal(await client.getBooleanValue('a.boolean', false), true);
        },
        restart: async () => {
          await server.restart();
          await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'off' });
          await eventually(async () => assert.equal(await client.getBooleanValue('a.boolean', true), false), {
            timeoutMs: 20_000,
          });
        },
        'revoked key': async () => {
          await server.admin.revokeKey('production', key.id);
          await eventually(() => assert.equal(heard.at(-1), 'error'), { timeoutMs: 20_000 });
          assert.equal(await client.getBooleanValue('f.targeted', false, USER), true);
        },
      },
      close: () => OpenFeature.clearProviders(),
    };
  },
};
