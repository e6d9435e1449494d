import assert from 'node:assert/strict';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';
import { serverSdkChecks, USER } from './server-sdk.js';

export const ofrepProvider: ClientRow = {
  name: '@openfeature/ofrep-provider, Node.js',
  keyKind: 'client',
  async connect({ server, key }) {
    const headers: [string, string][] = [['Authorization', `Bearer ${key.key}`]];
    await OpenFeature.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: server.url, headers }));
    const client = OpenFeature.getClient('ofrep');
    const { types, reason, code } = serverSdkChecks(client, server, []);
    return {
      checks: {
        types,
        reasons: async () => {
          assert.equal(await reason('a.boolean'), 'STATIC');
          assert.equal(await reason('f.targeted'), 'TARGETING_MATCH');
          assert.equal(await reason('f.targeted', {}), 'DEFAULT');
          // It takes an answer without a value for an error.
          assert.equal(await reason('j.disabled'), 'ERROR');
        },
        errors: async () => {
          assert.equal(await code('nothing'), 'FLAG_NOT_FOUND');
          assert.equal(await code('g.split', {}), 'TARGETING_KEY_MISSING');
          assert.equal(await code('l.divides', { zero: 0 }), 'GENERAL');
        },
        restart: async () => {
          await server.restart();
          assert.equal(await client.getBooleanValue('a.boolean', true, USER), false);
        },
        'revoked key': async () => {
          await server.admin.revokeKey('production', key.id);
          await eventually(async () => assert.equal(await code('a.boolean'), 'GENERAL'));
        },
      },
      close: () => OpenFeature.close(),
    };
  },
};
