import assert from 'node:assert/strict';
import { CHROMIUM, hasChromium, StockBrowser } from '../../ofrep/support/stock-browser.js';
import { eventually } from '../../support/wait.js';
import { type ClientRow } from '../client-row.js';

const STREAM = 'GET /ofrep/v1/stream';

interface Details {
  readonly value: unknown;
  readonly reason?: string;
  readonly errorCode?: string;
}

export const ofrepWebProviderInChromium: ClientRow = {
  name: '@openfeature/ofrep-web-provider, Chromium',
  keyKind: 'client',
  missing: hasChromium ? null : `${CHROMIUM} is missing`,
  async connect({ server }) {
    const browser = await StockBrowser.start();
    const { origin } = browser;
    const key = await server.admin.createKey('production', 'client', { allowed_origins: [origin] });
    const { page, heard, asked } = await browser.open(server.url, key.key, { targetingKey: 'user-1', role: 'admin' });
    const count = (what: string) => asked.filter((entry) => entry === what).length;
    await eventually(() => assert.equal(count(`${STREAM} 200`), 1));
    const details = (type: 'Boolean' | 'String' | 'Number' | 'Object', flag: string, fallback: unknown) =>
      page.evaluate<Details>(`client.get${type}Details(${JSON.stringify(flag)}, ${JSON.stringify(fallback)})`);
    const boolean = async (flag: string, fallback: boolean) => (await details('Boolean', flag, fallback)).value;
    return {
      checks: {
        types: async () => {
          assert.equal(await boolean('a.boolean', true), false);
          assert.equal((await details('String', 'b.string', '-')).value, 'text');
          assert.equal((await details('Number', 'd.float', 0)).value, 0.5);
          assert.deepEqual((await details('Object', 'e.object', {})).value, { a: [1, { b: null }] });
        },
        reasons: async () => {
          const flags = ['a.boolean', 'f.targeted', 'i.no-default', 'j.disabled'];
          const all = await Promise.all(flags.map((flag) => details('Boolean', flag, true)));
          assert.deepEqual(
            all.map(({ reason }) => reason),
            ['STATIC', 'TARGETING_MATCH', 'DEFAULT', 'DISABLED'],
          );
        },
        errors: async () => assert.equal((await details('Boolean', 'nothing', true)).errorCode, 'FLAG_NOT_FOUND'),
        changes: async () => {
          await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'on' });
          const said = () => heard.some(({ event }) => event === 'PROVIDER_CONFIGURATION_CHANGED a.boolean');
          await eventually(() => assert.ok(said()), { timeoutMs: 20_000 });
          assert.equal(await boolean('a.boolean', false), true);
        },
        restart: async () => {
          await server.restart();
          await eventually(() => assert.ok(count(`${STREAM} 200`) >= 2), { timeoutMs: 20_000 });
          await server.admin.patchEnv('a.boolean', 'production', { default_variant: 'off' });
          await eventually(async () => assert.equal(await boolean('a.boolean', true), false), { timeoutMs: 20_000 });
        },
        'revoked key': async () => {
          asked.length = 0;
          await server.admin.revokeKey('production', key.id);
          // A dead key lists no origin: the page may not read the 401, and has a failure.
          await eventually(() => assert.ok(count(`${STREAM} failed`) > 0), { timeoutMs: 20_000 });
          assert.ok(!asked.some((entry) => entry.endsWith(' 200')));
          assert.equal(await boolean('f.targeted', false), true);
        },
      },
      close: () => browser.close(),
    };
  },
};
