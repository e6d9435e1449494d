import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { type Client, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { type AdminClient, type CreatedKey } from '../support/admin-client.js';
import { freePort } from '../support/free-port.js';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { cleanEnvironment, ServerProcess } from '../support/server-process.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', null] };
/** Status and targeting in production. */
const live = (targeting: object = {}, status = 'enabled') => ({ environments: { production: { status, targeting } } });

/** @openfeature/flagd-provider as it comes from npm, evaluating in its own process. */
describe('the stock flagd provider over gRPC', () => {
  // Before the server goes: a provider that has lost it tries again for ever, also when it is closed.
  afterAll(() => OpenFeature.close());
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let port: number;
  let key: CreatedKey;
  let client: Client;
  const changed: string[][] = [];
  let drawn = 0;

  /** Its own OpenFeature domain, so that each provider lives by itself. */
  async function connect(selector: string): Promise<Client> {
    drawn += 1;
    const domain = `flagd-${drawn}`;
    const provider = new FlagdProvider({
      ...{ resolverType: 'in-process', host: '127.0.0.1', port, selector },
      ...{ deadlineMs: 5000, retryBackoffMs: 1000, retryBackoffMaxMs: 1000 },
      fatalStatusCodes: ['UNAUTHENTICATED', 'PERMISSION_DENIED'],
    });
    await OpenFeature.setProviderAndWait(domain, provider);
    return OpenFeature.getClient(domain);
  }

  beforeAll(async () => {
    port = await freePort();
    server = await start({ env: { GRPC_PORT: String(port), FLAGWIRE_DRAIN_S: '0' } });
    ({ admin } = server);
    key = await admin.createKey('production');
    const text = { value_type: 'string', variants: { on: 'yes', off: 'no' } };
    await admin.createFlag('boolean', { default_variant: 'on', ...live() });
    await admin.createFlag('string', { ...text, default_variant: 'off', ...live(RULE) });
    await admin.createFlag('number', {
      value_type: 'number',
      variants: { on: 0.5, off: 7 },
      default_variant: 'off',
      ...live(RULE),
    });
    const object = { value_type: 'object', variants: { on: { a: [1, { b: null }] }, off: {} } };
    await admin.createFlag('object', { ...object, default_variant: 'on', ...live() });
    await admin.createFlag('split', {
      ...text,
      default_variant: null,
      ...live({
        fractional: [
          ['on', 50],
          ['off', 50],
        ],
      }),
    });
    await admin.createFlag('killed', { default_variant: 'on', ...live({}, 'disabled') });
    await admin.createFlag('code', { default_variant: null, ...live() });
    client = await connect(`key=${key.key},flagSetId=default/production`);
    client.addHandler(ProviderEvents.ConfigurationChanged, (event) => changed.push(event?.flagsChanged ?? []));
  });

  it('evaluates every type, for every reason', async () => {
    expect(await client.getBooleanDetails('boolean', false)).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
    expect(await client.getStringDetails('string', 'x')).toMatchObject({ value: 'no', variant: 'off', reason: 'DEFAULT' });
    expect(await client.getNumberDetails('number', 0, { plan: 'pro' })).toMatchObject({ value: 0.5, reason: 'TARGETING_MATCH' });
    expect(await client.getObjectDetails('object', {})).toMatchObject({ value: { a: [1, { b: null }] }, reason: 'STATIC' });
    expect(await client.getStringDetails('split', 'x', { targetingKey: 'me' })).toMatchObject({ reason: 'TARGETING_MATCH' });
    expect(await client.getBooleanDetails('killed', false)).toMatchObject({ value: false, reason: 'DISABLED' });
    expect(await client.getBooleanDetails('code', true)).toMatchObject({ value: true, reason: 'DEFAULT' });
  });

  it('answers errors with the value of the code', async () => {
    const missing = await client.getBooleanDetails('missing', true);
    expect(missing).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });
    const mistyped = await client.getNumberDetails('string', 3);
    expect(mistyped).toMatchObject({ value: 3, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' });
  });

  it('reports the environment as the scope of each evaluation, and its selector, which holds the key, of none', async () => {
    const details = [
      await client.getBooleanDetails('boolean', false),
      await client.getBooleanDetails('killed', false),
      await client.getBooleanDetails('code', false),
      await client.getBooleanDetails('missing', false),
      await client.getNumberDetails('string', 3),
    ];
    for (const { flagMetadata } of details) expect(flagMetadata).toMatchObject({ scope: 'default/production' });
    expect(JSON.stringify(details)).not.toContain('fw_srv_');
  });

  it('says which flags have changed: those that have, and no others', async () => {
    await admin.patchEnv('boolean', 'production', { default_variant: 'off' });
    await eventually(() => expect(changed.at(-1)).toEqual(['boolean']));
    expect(await client.getBooleanDetails('boolean', true)).toMatchObject({ value: false, variant: 'off' });
    await admin.changeSet('production', [
      { flag: 'killed', status: 'enabled' },
      { flag: 'string', status: 'disabled' },
    ]);
    await eventually(() => expect(changed.at(-1)?.sort()).toEqual(['killed', 'string']));
    await admin.createFlag('newcomer', live());
    await eventually(() => expect(changed.at(-1)).toEqual(['newcomer']));
    await admin.archive('newcomer');
    await eventually(() => expect(changed).toHaveLength(4));
    expect(await client.getBooleanDetails('newcomer', true)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
  });

  it('evaluates on while the server is away, and has what was changed when it is back', async () => {
    const seen: string[] = [];
    client.addHandler(ProviderEvents.Stale, () => void seen.push('stale'));
    client.addHandler(ProviderEvents.Ready, () => void seen.push('ready'));
    seen.length = 0;
    await server.stop();
    await eventually(() => expect(seen).toEqual(['stale']), { timeoutMs: 10_000 });
    expect(await client.getBooleanDetails('killed', false)).toMatchObject({ value: true, reason: 'STATIC' });
    await server.restart();
    await admin.patchEnv('killed', 'production', { status: 'disabled' });
    await eventually(() => expect(seen).toEqual(['stale', 'ready']), { timeoutMs: 20_000 });
    await eventually(async () => expect(await client.getBooleanDetails('killed', false)).toMatchObject({ reason: 'DISABLED' }));
  }, 60_000);

  it('is stale once its key is revoked, gets nothing more, and goes on with what it has', async () => {
    const doomed = await admin.createKey('production');
    const script = join(projectRoot(), 'test/e2e/support/flagd-follower.mjs');
    const follower = new ServerProcess([script, String(port), `key=${doomed.key}`], cleanEnvironment({}), projectRoot());
    const lines = () => follower.stdout.split('\n').slice(0, -1);
    try {
      await eventually(() => expect(lines().at(-1)).toBe('READY {"a":[1,{"b":null}]}'), { timeoutMs: 20_000 });
      await admin.revokeKey('production', doomed.id);
      await eventually(() => expect(lines().at(-1)).toMatch(/^STALE /), { timeoutMs: 2000 });
      await admin.patchEnv('object', 'production', { default_variant: 'off' });
      await eventually(async () => expect((await client.getObjectDetails('object', { x: 1 })).value).toEqual({}));
      const printed = lines().length;
      await eventually(() => expect(lines().length).toBeGreaterThan(printed + 1));
      expect(lines().at(-1)).toMatch(/^(STALE|ERROR) \{"a":\[1,\{"b":null\}\]\}$/);
    } finally {
      await follower.kill();
    }
  }, 60_000);

  it('does not begin with a wrong key', async () => {
    await expect(connect('key=nonsense')).rejects.toThrow(/not a key/);
    await expect(connect(`key=${(await admin.createKey('production', 'client')).key}`)).rejects.toThrow(/client key/);
  });
});
