import assert from 'node:assert/strict';
import { type Client } from '@openfeature/server-sdk';
import { type TestServer } from '../../support/server.js';
import { eventually } from '../../support/wait.js';

export const USER = { targetingKey: 'user-1', role: 'admin', zero: 0 };

/** What holds by OpenFeature's server SDK whichever provider stands behind it. @param heard its events, such as `changed a,b`. */
export function serverSdkChecks(client: Client, server: TestServer, heard: readonly string[]) {
  const reason = async (flag: string, context: object = USER) =>
    (await client.getBooleanDetails(flag, true, { ...context })).reason;
  const code = async (flag: string, context: object = USER) =>
    (await client.getBooleanDetails(flag, true, { ...context })).errorCode;
  const becomes = async (isOn: boolean) => assert.equal(await client.getBooleanValue('a.boolean', !isOn), isOn);
  const toggle = (variant: string) => server.admin.patchEnv('a.boolean', 'production', { default_variant: variant });
  return {
    reason,
    code,
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
    changes: async () => {
      await toggle('on');
      await eventually(() => assert.equal(heard.at(-1), 'changed a.boolean'));
      await becomes(true);
    },
    restart: async () => {
      await server.restart();
      await toggle('off');
      await eventually(() => becomes(false), { timeoutMs: 20_000 });
    },
    /** What it held is served on. */
    holdsOn: async () => assert.equal(await client.getBooleanValue('f.targeted', false, USER), true),
  };
}
