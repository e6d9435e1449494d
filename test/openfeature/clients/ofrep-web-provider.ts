import assert from 'node:assert/strict';
import { StockPage } from '../../ofrep/support/stock-page.js';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';

const STREAM = 'GET /ofrep/v1/stream';

export const ofrepWebProvider: ClientRow = {
  name: '@openfeature/ofrep-web-provider, Node.js with eventsource',
  keyKind: 'client',
  async connect({ server, key }) {
    const page = await StockPage.open(server.url, key.key, { targetingKey: 'user-1', role: 'admin' });
    const { client } = page;
    await eventually(() => assert.equal(page.count(`${STREAM} 200`), 1));
    const reason = (flag: string) => client.getBooleanDetails(flag, true).reason;
    return {
      checks: {
        types: async () => {
          assert.equal(client.getBooleanValue('a.boolean', true), false);
          assert.equal(client.getStringValue('b.string', '-'), 'text');
          assert.equal(client.getNumberValue('d.float', 0), 0.5);
          assert.deepEqual(client.getObjectValue('e.object', {}), { a: [1, { b: null }] });
        },
        reasons: async () => {
          assert.deepEqual(['a.boolean', 'f.targeted', 'i.no-default', 'j.disabled'].map(reason), [
            'STATIC',
            'TARGETING_MATCH',
            'DEFAULT',
            'DISABLED',
          ]);
        },
        errors: async () => assert.equal(client.getBooleanDetails('nothing', true).errorCode, 'FLAG_NOT_FOUND'),
        changes: async () => {
          await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'on' });
          await eventually(() => assert.equal(client.getBooleanValue('a.boolean', false), true));
          await eventually(() => assert.ok(page.heard.includes('PROVIDER_CONFIGURATION_CHANGED a.boolean')));
        },
        restart: async () => {
          const before = page.asked.filter((entry) => !entry.endsWith(' failed')).length;
          await server.restart();
          await eventually(() => assert.ok(page.count(`${STREAM} 200`) >= 2), { timeoutMs: 20_000 });
          assert.ok(page.asked.filter((entry) => !entry.endsWith(' failed')).length <= before + 3);
        },
        'revoked key': async () => {
          await server.admin.revokeKey('production', key.id);
          await eventually(() => assert.ok(page.count(`${STREAM} 401`) > 0), { timeoutMs: 10_000 });
          assert.equal(client.getBooleanValue('f.targeted', false), true);
        },
      },
      close: () => page.close(),
    };
  },
};
