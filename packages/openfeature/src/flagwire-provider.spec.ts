import { afterEach, describe, expect, it } from '@jest/globals';
import { type FlagDefinition, type Json } from '@flagwire/protocol/sync';
import { type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';
import { at, flag } from '../../client/src/api/client-lab.fake.js';
import { storageCache } from '../../client/src/cache/cache.js';
import { FlagwireProvider } from './flagwire-provider.js';
import { detailsOf, makeLab, readyLab } from './provider-lab.fake.js';

const SECOND = 1000;
const PRO = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };

afterEach(() => OpenFeature.clearProviders());

function newCache() {
  const texts = new Map<string, string>();
  return storageCache({ getItem: (name) => texts.get(name) ?? null, setItem: (name, text) => void texts.set(name, text) });
}

describe('A value', () => {
  it.each<[FlagDefinition['value_type'], Json, Json]>([
    ['boolean', true, false],
    ['string', 'blue', 'red'],
    ['number', 7, 0],
    ['number', 0.5, 0],
    ['object', { list: [1, { deep: true }] }, {}],
  ])('of type %s comes with its variant, its reason and what is known of it', async (value_type, value, fallback) => {
    const { client } = await readyLab([flag('a', { value_type, variants: { x: value }, default_variant: 'x' })]);
    const details = await detailsOf(client, value_type, 'a', fallback);
    expect(details).toEqual({
      ...{ flagKey: 'a', value, variant: 'x', reason: 'STATIC' },
      flagMetadata: { version: 1, revision: 1, cursor: at(1), age_ms: 0 },
    });
  });

  it('says how old it is', async () => {
    const { client, pass } = await readyLab([flag('a')]);
    await pass(3 * SECOND);
    expect((await client.getBooleanDetails('a', false)).flagMetadata).toMatchObject({ age_ms: 3 * SECOND });
  });

  it('is the default of the code where the flag is disabled, or has no default variant', async () => {
    const { client } = await readyLab([flag('off', { status: 'disabled' }), flag('none', { default_variant: null })]);
    const answers = [await client.getStringDetails('off', 'mine'), await client.getBooleanDetails('none', true)];
    expect(answers.map(({ value, reason, errorCode }) => [value, reason, errorCode])).toEqual([
      ['mine', 'DISABLED', undefined],
      [true, 'DEFAULT', undefined],
    ]);
    expect(answers.map((answer) => Object.hasOwn(answer, 'variant'))).toEqual([false, false]);
  });

  it('of an object does not depend on the type of the default', async () => {
    const { client } = await readyLab([flag('a', { value_type: 'object', variants: { x: { y: 1 } }, default_variant: 'x' })]);
    for (const fallback of [null, [], 'text', 7, { y: 0 }]) expect(await client.getObjectValue('a', fallback)).toEqual({ y: 1 });
    expect(await client.getBooleanDetails('a', true)).toMatchObject({ value: true, errorCode: 'TYPE_MISMATCH' });
  });

  const split = { fractional: [['on', 1]] };
  it.each<[string, FlagDefinition[], string]>([
    ['a flag that there is not', [], 'FLAG_NOT_FOUND'],
    ['a flag of another type', [flag('a', { value_type: 'number', variants: { on: 1 } })], 'TYPE_MISMATCH'],
    ['an operator that nobody knows', [flag('a', { targeting: { nonsense: [1] } })], 'PARSE_ERROR'],
    ['a rule that decides for no variant', [flag('a', { targeting: { if: [true, 'neither'] } })], 'GENERAL'],
    ['a split without a targetingKey', [flag('a', { targeting: split })], 'TARGETING_KEY_MISSING'],
  ])('is the default of the code for %s', async (_what, flags, errorCode) => {
    const { client } = await readyLab(flags);
    const details = await client.getBooleanDetails('a', true);
    expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode, errorMessage: expect.stringContaining('flag a ') });
    expect(Object.hasOwn(details.flagMetadata, 'version')).toBe(errorCode !== 'FLAG_NOT_FOUND');
  });

  it('is the default of the code before there are flags, and after the end', async () => {
    const { provider, begin, pass, sync } = makeLab();
    const ask = () => provider.resolveBooleanEvaluation('a', true, {});
    const nothing = { value: true, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY', flagMetadata: {} };
    expect(await ask()).toMatchObject(nothing);
    const ready = begin();
    await pass(0);
    expect(await ask()).toMatchObject(nothing);
    sync([flag('a', { default_variant: 'off' })]);
    await ready;
    expect(await ask()).toMatchObject({ value: false, reason: 'STATIC' });
    await provider.onClose();
    expect(await ask()).toMatchObject(nothing);
  });
});

describe('A context', () => {
  const DATE = new Date('2026-03-01T12:00:00.000Z');
  const targeting = { if: [{ '<': [{ var: 'user.since' }, '2026-06-01'] }, 'on', { in: ['2026-03-01T12:00:00.000Z', { var: 'days' }] }, 'on', 'off'] }; // prettier-ignore

  it('may hold dates, at any depth: they are the texts that every other door is sent', async () => {
    const { client } = await readyLab([flag('a', { targeting: targeting, default_variant: 'off' })]);
    const value = (context: EvaluationContext) => client.getBooleanValue('a', false, context);
    expect(await value({ user: { since: DATE } })).toBe(true);
    expect(await value({ user: { since: '2026-07-01' }, days: [DATE] })).toBe(true);
    expect(await value({ user: { since: new Date('2026-07-01') }, days: [] })).toBe(false);
  });

  it('is left as it was', async () => {
    const { client } = await readyLab([flag('a', { targeting: PRO })]);
    const context = Object.freeze({
      plan: 'pro',
      since: DATE,
      nested: Object.freeze({ dates: Object.freeze([DATE]) as Date[] }),
    });
    expect(await client.getBooleanValue('a', false, context)).toBe(true);
    expect(context).toEqual({ plan: 'pro', since: DATE, nested: { dates: [DATE] } });
  });

  it('that cannot be read costs no value of a flag that does not look at it, and of another the default', async () => {
    const { client } = await readyLab([flag('plain'), flag('targeted', { targeting: PRO })]);
    const loop: Record<string, unknown> = { plan: 'pro' };
    loop['self'] = loop;
    const context = loop as EvaluationContext;
    expect(await client.getBooleanDetails('plain', false, context)).toMatchObject({ value: true, reason: 'STATIC' });
    expect(await client.getBooleanDetails('targeted', false, context)).toMatchObject({ value: false, errorCode: 'GENERAL' });
  });

  it.each<[string, string]>([
    ['of its own', '{"__proto__": {"plan": "pro"}}'],
    ['inside', '{"user": {"__proto__": {"plan": "pro"}}}'],
  ])('lends no value by a prototype %s', async (_where, text) => {
    const either = { if: [{ or: [{ '==': [{ var: 'plan' }, 'pro'] }, { '==': [{ var: 'user.plan' }, 'pro'] }] }, 'on', 'off'] };
    const { client } = await readyLab([flag('a', { targeting: either })]);
    const context = JSON.parse(text) as EvaluationContext;
    expect(await client.getBooleanValue('a', true, context)).toBe(false);
    // A hook makes OpenFeature assign the context to another, which takes the field for a prototype.
    const hooks = [{ before: (): EvaluationContext => context }];
    expect(await client.getBooleanValue('a', true, {}, { hooks })).toBe(false);
    expect(await client.getBooleanValue('a', false, { user: { plan: 'pro' } })).toBe(true);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('OpenFeature is told', () => {
  it('that the provider is ready once, and each change by the flags of it', async () => {
    const { told, sse, turn } = await readyLab([flag('a'), flag('b')]);
    const updated = (id: string, version: number) => ({ type: 'FlagUpdated', data: flag(id, {}, version) });
    sse.message({ ...updated('a', 2), id: at(1), more: true });
    sse.message({ ...updated('b', 2), id: at(2) });
    sse.message({ type: 'FlagDeleted', data: { flag_id: 'a', version: 3 }, id: at(3) });
    await turn();
    expect(told).toEqual(['READY (READY)', 'CONFIGURATION_CHANGED a,b (READY)', 'CONFIGURATION_CHANGED a (READY)']);
  });

  it('that the flags may be old, and that they are not any more', async () => {
    const { told, sse, pass, sync, client } = await readyLab([flag('a')]);
    sse.fail('connection_lost');
    await pass(0);
    expect([client.providerStatus, await client.getBooleanDetails('a', false)]).toEqual([
      ...['STALE', expect.objectContaining({ value: true, reason: 'STATIC' })],
    ]);
    await pass(10 * SECOND);
    sync([flag('a', {}, 2)], 2);
    await pass(0);
    expect(told).toEqual(['READY (READY)', 'STALE (STALE)', 'CONFIGURATION_CHANGED a (STALE)', 'READY (READY)']);
  });

  it('that a key is refused, whatever else goes wrong, until it is not', async () => {
    const { told, sse, pass, sync, client, warned } = await readyLab([flag('a')]);
    sse.goodbye(null);
    await pass(0);
    expect([client.providerStatus, await client.getBooleanValue('a', false)]).toEqual(['ERROR', true]);
    await pass(300 * SECOND);
    await pass(60 * SECOND);
    expect(client.providerStatus).toBe('ERROR');
    expect(warned.map((sentence) => sentence.split(':')[0]).slice(0, 2)).toEqual(['unauthorized', 'silent']);
    expect(told.filter((event) => !event.startsWith('STALE'))).toEqual(['READY (READY)', 'ERROR (ERROR)']);
    sse.onOpen = () => sync([flag('a')]);
    await pass(300 * SECOND);
    expect([client.providerStatus, told.at(-1)]).toEqual(['READY', 'READY (READY)']);
  });

  it('by events that carry where the flags stand, and why', async () => {
    const { provider, sse, pass } = await readyLab([flag('a')]);
    const details: unknown[] = [];
    provider.events.addHandler('PROVIDER_ERROR' as never, (event) => details.push(event));
    sse.goodbye(null);
    await pass(0);
    expect(details).toEqual([{ message: 'unauthorized: Goodbye shutdown', metadata: { cursor: at(1), revision: 1 } }]);
  });

  it('whatever its listeners do', async () => {
    const { client, told, sse, pass } = await readyLab([flag('a')], { warn: () => never() });
    OpenFeature.setLogger({ error: () => undefined, warn: never, info: never, debug: () => undefined });
    client.addHandler('PROVIDER_STALE' as never, never);
    client.addHandler('PROVIDER_STALE' as never, async () => never());
    client.addHandler('PROVIDER_STALE' as never, () => told.push('the next one'));
    sse.fail('connection_lost');
    await pass(0);
    expect([told.slice(1), await client.getBooleanValue('a', false)]).toEqual([['STALE (STALE)', 'the next one'], true]);
  });

  it('nothing after the end', async () => {
    const { provider, told, clock, pass, sse } = await readyLab([flag('a')]);
    await provider.onClose();
    await pass(60 * SECOND);
    expect([told, sse.isOpen, clock.pending]).toEqual([['READY (READY)'], false, 0]);
  });
});

describe('A start', () => {
  it('without a server fails in time, and the provider comes to life by itself', async () => {
    const { begin, pass, sse, sync, told, client } = makeLab({ ready_timeout_ms: 2 * SECOND });
    sse.onOpen = () => sse.fail();
    const ready = begin();
    await pass(2 * SECOND);
    await expect(ready).rejects.toMatchObject({ code: 'PROVIDER_NOT_READY', message: expect.stringContaining('2000 ms') });
    expect(await client.getBooleanDetails('a', false)).toMatchObject({ value: false, errorCode: 'PROVIDER_NOT_READY' });
    sse.onOpen = () => sync([flag('a')]);
    await pass(60 * SECOND);
    expect([await client.getBooleanValue('a', false), client.providerStatus]).toEqual([true, 'READY']);
    expect(told.slice(0, 3)).toEqual(['ERROR (ERROR)', 'CONFIGURATION_CHANGED a (ERROR)', 'READY (READY)']);
  });

  it('with a key that is refused fails for good', async () => {
    const { begin, pass, sse, told, client } = makeLab();
    sse.onOpen = () => sse.fail('unauthorized', { status: 401 });
    const ready = begin();
    await pass(0);
    await expect(ready).rejects.toMatchObject({ code: 'PROVIDER_FATAL', message: expect.stringContaining('unauthorized') });
    expect([told, client.providerStatus]).toEqual([['ERROR (FATAL)'], 'FATAL']);
    expect(await client.getBooleanDetails('a', true)).toMatchObject({ value: true, errorCode: 'PROVIDER_FATAL' });
  });

  async function keptBefore() {
    const cache = newCache();
    const { provider } = await readyLab([flag('a')], { cache });
    await provider.onClose();
    return cache;
  }

  it('with what was kept is ready, and stale, as soon as the server is known to be away', async () => {
    const lab = makeLab({ cache: await keptBefore() });
    lab.sse.onOpen = () => lab.sse.fail();
    const ready = lab.begin();
    await lab.pass(0);
    await ready;
    expect([lab.client.providerStatus, lab.told]).toEqual(['STALE', ['READY (READY)', 'STALE (STALE)']]);
    expect((await lab.client.getBooleanDetails('a', false)).flagMetadata).toEqual({ version: 1, revision: 1, cursor: at(1) });
  });

  it('with what was kept waits for a server that does not answer, and no longer', async () => {
    const lab = makeLab({ cache: await keptBefore(), ready_timeout_ms: 2 * SECOND });
    const ready = lab.begin();
    await lab.pass(SECOND);
    expect(lab.client.providerStatus).toBe('NOT_READY');
    await lab.pass(SECOND);
    await ready;
    expect([lab.client.providerStatus, await lab.client.getBooleanValue('a', false)]).toEqual(['STALE', true]);
  });

  it('with what was kept serves that where the key is refused, and says so', async () => {
    const lab = makeLab({ cache: await keptBefore() });
    lab.sse.onOpen = () => lab.sse.fail('unauthorized', { status: 403 });
    const ready = lab.begin();
    await lab.pass(0);
    await expect(ready).rejects.toMatchObject({ code: 'GENERAL' });
    expect([lab.client.providerStatus, await lab.client.getBooleanValue('a', false)]).toEqual(['ERROR', true]);
  });

  it('that is ended meanwhile fails', async () => {
    const { begin, pass, provider, clock } = makeLab();
    const ready = begin();
    await pass(0);
    await provider.onClose();
    await expect(ready).rejects.toMatchObject({ code: 'PROVIDER_NOT_READY', message: expect.stringContaining('client_closed') });
    expect(clock.pending).toBe(0);
  });

  it.each([[{ url: 'flags.example.com' }], [{ sdkKey: 'fw_cli_secret-of-a-page' }], [{ flags: ['not one'] }]])(
    'with options that cannot be used fails for good, without the key: %j',
    async (options) => {
      const { begin, client } = makeLab(options);
      const failure: unknown = await begin().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'PROVIDER_FATAL', message: expect.stringMatching(/options_invalid|flags_invalid/) });
      expect(String(failure)).not.toContain('secret');
      expect(client.providerStatus).toBe('FATAL');
    },
  );

  it('may follow on an end', async () => {
    const { provider, begin, pass, sync } = makeLab();
    const first = begin();
    await pass(0);
    sync([flag('a')]);
    await first;
    await provider.onClose();
    const second = provider.initialize();
    await pass(0);
    sync([flag('a', { default_variant: 'off' })], 2);
    await second;
    expect(await provider.resolveBooleanEvaluation('a', true, {})).toMatchObject({ value: false });
  });
});

describe('A provider', () => {
  it('is for servers, by a name, and connects to nothing before it is initialized', async () => {
    const { provider, sse, pass } = makeLab();
    await pass(SECOND);
    expect([provider.runsOn, provider.metadata.name, sse.opened]).toEqual(['server', 'flagwire', []]);
    expect(new FlagwireProvider({ url: '', sdkKey: '' })).toBeInstanceOf(FlagwireProvider);
  });
});

function never(): never {
  throw new Error('hostile');
}
