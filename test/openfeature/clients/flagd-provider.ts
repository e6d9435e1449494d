import assert from 'node:assert/strict';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';
import { serverSdkChecks } from './server-sdk.js';

export const flagdProvider: ClientRow = {
  name: '@openfeature/flagd-provider, Node.js, in-process over gRPC',
  keyKind: 'server',
  async connect({ server, key, grpcPort }) {
    const selector = `key=${key.key}`;
    const provider = new FlagdProvider({
      ...{ resolverType: 'in-process', host: '127.0.0.1', port: grpcPort, selector },
      ...{ deadlineMs: 5000, retryBackoffMs: 1000, retryBackoffMaxMs: 1000 },
    });
    await OpenFeature.setProviderAndWait('flagd', provider);
    const client = OpenFeature.getClient('flagd');
    const heard: string[] = [];
    client.addHandler(ProviderEvents.ConfigurationChanged, (event) => heard.push(`changed ${String(event?.flagsChanged)}`));
    client.addHandler(ProviderEvents.Stale, () => heard.push('stale'));
    const { types, reasons, code, changes, restart, holdsOn } = serverSdkChecks(client, server, heard);
    return {
      checks: {
        ...{ types, reasons, changes, restart },
        errors: async () => {
          assert.equal(await code('nothing'), 'FLAG_NOT_FOUND');
          assert.equal(await code('b.string'), 'TYPE_MISMATCH');
          assert.equal(await code('l.divides'), 'GENERAL');
        },
        'revoked key': async () => {
          heard.length = 0;
          await server.admin.revokeKey('production', key.id);
          await eventually(() => assert.equal(heard.at(-1), 'stale'));
          await holdsOn();
        },
      },
      close: () => OpenFeature.clearProviders(),
    };
  },
};
