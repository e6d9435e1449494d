import assert from 'node:assert/strict';
import { FlagwireProvider } from '@flagwire/openfeature';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';
import { serverSdkChecks } from './server-sdk.js';

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
    const { types, reasons, code, changes, restart, holdsOn } = serverSdkChecks(client, server, heard);
    return {
      checks: {
        ...{ types, reasons, changes, restart },
        errors: async () => {
          assert.equal(await code('nothing'), 'FLAG_NOT_FOUND');
          assert.equal(await code('b.string'), 'TYPE_MISMATCH');
          assert.equal(await code('g.split', {}), 'TARGETING_KEY_MISSING');
          assert.equal(await code('l.divides', { zero: 0 }), 'GENERAL');
        },
        'revoked key': async () => {
          await server.admin.revokeKey('production', key.id);
          await eventually(() => assert.equal(heard.at(-1), 'error'), { timeoutMs: 20_000 });
          await holdsOn();
        },
      },
      close: () => OpenFeature.clearProviders(),
    };
  },
};
