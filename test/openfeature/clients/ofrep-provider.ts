import assert from 'node:assert/strict';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';

const USER = { targetingKey: 'user-1', role: 'admin', zero: 0 };

export const ofrepProvider: ClientRow = {
  name: '@openfeature/ofrep-provider, Node.js',
  keyKind: 'client',
  async connect({ server, key }) {
    const headers: [string, string][] = [['Authorization', `Bearer ${key.key}`]];
    await OpenFeature.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: server.url, headers }));
    const client = OpenFeature.getClient('ofrep');
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
          assert.equal((await client.getBooleanDetails('f.targeted', true, {})).reason, 'DEFAULT');
          // It takes an answer without a value for an error.
          assert.equal(await reason('j.disabled'), 'ERROR');
        },
        errors: async () => {
          assert.equal(await code('nothing'), 'FLAG_NOT_FOUND');
          assert.equal(await code('g.split'), 'TARGETING_KEY_MISSING');
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
