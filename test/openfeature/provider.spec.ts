import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fileCache } from '@flagwire/client/node';
import { sse } from '@flagwire/client/transports';
import { FlagwireProvider, type FlagwireProviderOptions } from '@flagwire/openfeature';
import { type Client, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { detailsOf } from '../../packages/openfeature/src/provider-lab.fake.js';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATIENCE = { timeoutMs: 20_000 };
const PRO = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'second', null] };

/** Each with two variants of its type. */
const FLAGS = {
  boolean: { value_type: 'boolean', variants: { first: true, second: false } },
  string: { value_type: 'string', variants: { first: 'blue', second: 'red' } },
  integer: { value_type: 'number', variants: { first: 7, second: -1 } },
  number: { value_type: 'number', variants: { first: 0.5, second: 1e21 } },
  object: { value_type: 'object', variants: { first: { list: [1, { deep: null }] }, second: {} } },
} as const;
type Kind = keyof typeof FLAGS;
const METHODS = { boolean: 'boolean', string: 'string', integer: 'number', number: 'number', object: 'object' } as const;
const FALLBACKS = { boolean: false, string: 'mine', integer: 3, number: 3.5, object: { mine: true } } as const;

describe('@flagwire/openfeature with the OpenFeature server SDK', () => {
  const start = useServers();
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-openfeature-'));
  let server: TestServer;
  let key: string;
  let domains = 0;

  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('production'));
    for (const [kind, fields] of Object.entries(FLAGS)) {
      const create = (id: string) => server.admin.createFlag(id, { ...fields, default_variant: 'first' });
      await create(`${kind}.static`);
      await create(`${kind}.targeted`);
      await create(`${kind}.disabled`);
      await server.admin.changeSet('production', [
        { flag: `${kind}.static`, status: 'enabled' },
        { flag: `${kind}.targeted`, status: 'enabled', targeting: PRO },
      ]);
    }
    await server.admin.createFlag('none');
    await server.admin.createFlag('split');
    await server.admin.createFlag('failing');
    await server.admin.changeSet('production', [
      { flag: 'none', status: 'enabled', default_variant: null },
      { flag: 'split', status: 'enabled', targeting: { fractional: [['on', 1], ['off', 1]] } }, // prettier-ignore
      { flag: 'failing', status: 'enabled', targeting: { if: [{ '<': [{ var: 'age' }, 7] }, 'on', 'off'] } },
    ]);
  });
  afterEach(() => OpenFeature.clearProviders());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A client of a domain of its own, and what it is told, with the status that it has while it is told. */
  function bind(options: Partial<FlagwireProviderOptions> = {}) {
    const provider = new FlagwireProvider({
      url: server.url,
      sdkKey: key,
      random: () => 0.01,
      warn: () => undefined,
      ...options,
    });
    const domain = `test-${(domains += 1)}`;
    const ready = OpenFeature.setProviderAndWait(domain, provider);
    ready.catch(() => undefined);
    const client = OpenFeature.getClient(domain);
    const told: { event: string; status: string; flags: unknown }[] = [];
    for (const event of Object.values(ProviderEvents)) {
      client.addHandler(event, (details) => {
        told.push({ event: event.replace('PROVIDER_', ''), status: client.providerStatus, flags: details?.flagsChanged });
      });
    }
    return { client, told, ready, events: () => told.map(({ event, status }) => `${event} ${status}`) };
  }

  async function connected(options: Partial<FlagwireProviderOptions> = {}) {
    const bound = bind(options);
    await bound.ready;
    return bound;
  }

  const ask = (client: Client, kind: Kind, id: string, context = {}) =>
    detailsOf(client, METHODS[kind], id, FALLBACKS[kind], context);

  describe.each(Object.keys(FLAGS) as Kind[])('of type %s', (kind) => {
    it('gives each reason its value', async () => {
      const { client } = await connected();
      const { first, second } = FLAGS[kind].variants;
      const of = async (id: string, context = {}) => {
        const { value, variant, reason, errorCode } = await ask(client, kind, `${kind}.${id}`, context);
        return [value, variant, reason, errorCode];
      };
      expect(await of('static')).toEqual([first, 'first', 'STATIC', undefined]);
      expect(await of('targeted', { plan: 'pro' })).toEqual([second, 'second', 'TARGETING_MATCH', undefined]);
      expect(await of('targeted', { plan: 'free' })).toEqual([first, 'first', 'DEFAULT', undefined]);
      expect(await of('disabled')).toEqual([FALLBACKS[kind], undefined, 'DISABLED', undefined]);
      expect(await of('unknown')).toEqual([FALLBACKS[kind], undefined, 'ERROR', 'FLAG_NOT_FOUND']);
    });

    it('is no other type', async () => {
      const { client } = await connected();
      const others = (Object.keys(FLAGS) as Kind[]).filter((other) => METHODS[other] !== METHODS[kind]);
      for (const other of others) {
        const details = await ask(client, kind, `${other}.static`);
        expect([other, details]).toEqual([
          other,
          expect.objectContaining({ value: FALLBACKS[kind], reason: 'ERROR', errorCode: 'TYPE_MISMATCH' }),
        ]);
      }
    });
  });

  it('gives the default of the code where the flag has none of its own, and where its rule cannot be decided', async () => {
    const { client } = await connected();
    const of = async (id: string, context = {}) => {
      const { value, reason, errorCode } = await client.getBooleanDetails(id, true, context);
      return [value, reason, errorCode];
    };
    expect(await of('none')).toEqual([true, 'DEFAULT', undefined]);
    expect(await of('split')).toEqual([true, 'ERROR', 'TARGETING_KEY_MISSING']);
    expect((await of('split', { targetingKey: 'user-1' })).slice(1)).toEqual(['TARGETING_MATCH', undefined]);
    expect(await of('failing', { age: 'unknown' })).toEqual([true, 'ERROR', 'GENERAL']);
    expect(await of('failing', { age: 6 })).toEqual([true, 'TARGETING_MATCH', undefined]);
  });

  it('says of each value its version, where the flags stand and how old they are', async () => {
    const { client } = await connected();
    const { cursors } = await server.admin.patchEnv('none', 'production', { default_variant: 'off' });
    const answer = async () => (await client.getBooleanDetails('none', true)).flagMetadata;
    const { body } = await server.admin.getEnv('none', 'production');
    const { revision } = (await server.admin.getEnvironment('production')).body;
    await eventually(async () => expect(await answer()).toMatchObject({ cursor: cursors['production'] }));
    expect(await answer()).toEqual({
      ...{ version: body.metadata.version, revision, cursor: cursors['production'], age_ms: expect.any(Number) },
    });
    await server.admin.patchEnv('none', 'production', { default_variant: null });
  });

  it('tells of each change, at once, by the flags of it', async () => {
    const { told } = await connected();
    await server.admin.changeSet('production', [
      { flag: 'boolean.static', status: 'disabled' },
      { flag: 'string.static', default_variant: 'second' },
    ]);
    await server.admin.changeSet('production', [
      { flag: 'boolean.static', status: 'enabled' },
      { flag: 'string.static', default_variant: 'first' },
    ]);
    await eventually(() => expect(told).toHaveLength(3));
    const change = { event: 'CONFIGURATION_CHANGED', status: 'READY', flags: ['boolean.static', 'string.static'] };
    expect(told).toEqual([{ event: 'READY', status: 'READY', flags: undefined }, change, change]);
  });

  it('is stale while the server is away, with the values that it had, and ready when it is back', async () => {
    const other = await start();
    const { key: sdkKey } = await other.admin.createKey('production');
    await other.admin.createFlag('a', { default_variant: 'on' });
    await other.admin.patchEnv('a', 'production', { status: 'enabled' });
    const { client, events, told } = await connected({ url: other.url, sdkKey, transports: (site) => [sse(site)] });
    await other.stop();
    await eventually(() => expect(client.providerStatus).toBe('STALE'), PATIENCE);
    expect(await client.getBooleanDetails('a', false)).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
    await other.restart();
    await eventually(() => expect(client.providerStatus).toBe('READY'), PATIENCE);
    expect(events()).toEqual(['READY READY', 'STALE STALE', 'READY READY']);
    await other.admin.patchEnv('a', 'production', { status: 'disabled' });
    await eventually(() => expect(told.at(-1)).toMatchObject({ event: 'CONFIGURATION_CHANGED', flags: ['a'] }));
  });

  it('fails while its key is revoked, with the values that it had', async () => {
    const revoked = await server.admin.createKey('production');
    const { client, events } = await connected({ sdkKey: revoked.key });
    await server.admin.revokeKey('production', revoked.id);
    await eventually(() => expect(client.providerStatus).toBe('ERROR'), PATIENCE);
    expect(events().at(-1)).toBe('ERROR ERROR');
    expect(await client.getNumberDetails('integer.static', 0)).toMatchObject({ value: 7, reason: 'STATIC' });
  });

  it.each([
    ['that is not known', (real: string) => `${real.slice(0, -1)}${real.endsWith('a') ? 'b' : 'a'}`],
    ['of nobody', () => 'fw_srv_nonsense'],
  ])('does not start with a key %s', async (_what, keyOf) => {
    const { client, ready, events } = bind({ sdkKey: keyOf(key) });
    await expect(ready).rejects.toMatchObject({ code: 'PROVIDER_FATAL', message: expect.stringContaining('unauthorized') });
    expect([client.providerStatus, events().at(-1)]).toEqual(['FATAL', 'ERROR FATAL']);
    expect(await client.getBooleanDetails('boolean.static', false)).toMatchObject({ value: false, errorCode: 'PROVIDER_FATAL' });
  });

  it('starts without a server from what was kept, and otherwise comes to life when there is one', async () => {
    const port = await freePort();
    const other = await start({ port });
    const { key: sdkKey } = await other.admin.createKey('production');
    await other.admin.createFlag('a', { default_variant: 'on' });
    await other.admin.patchEnv('a', 'production', { status: 'enabled' });
    const file = join(folder, 'flags');
    await connected({ url: other.url, sdkKey, cache: fileCache(file) });
    // Closes it, and so writes what it has.
    await OpenFeature.clearProviders();
    await other.stop();

    const kept = await connected({ url: other.url, sdkKey, cache: fileCache(file) });
    expect([kept.client.providerStatus, kept.events()]).toEqual(['STALE', ['READY READY', 'STALE STALE']]);
    expect(await kept.client.getBooleanDetails('a', false)).toMatchObject({ value: true, reason: 'STATIC' });
    const without = bind({ url: other.url, sdkKey, ready_timeout_ms: 200 });
    await expect(without.ready).rejects.toMatchObject({ code: 'PROVIDER_NOT_READY' });
    expect(await without.client.getBooleanDetails('a', false)).toMatchObject({ value: false, errorCode: 'PROVIDER_NOT_READY' });
    expect(without.client.providerStatus).toBe('ERROR');

    await other.restart();
    for (const { client } of [kept, without]) {
      await eventually(() => expect(client.providerStatus).toBe('READY'), PATIENCE);
      expect(await client.getBooleanValue('a', false)).toBe(true);
    }
  });
});
