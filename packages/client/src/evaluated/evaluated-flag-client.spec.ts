import { afterEach, describe, expect, it } from '@jest/globals';
import { EvaluatedFlagClient } from './evaluated-flag-client.js';
import { useLabs, user } from './evaluated-lab.fake.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const URL = { url: 'http://flags' };
const { live, make, closeAll } = useLabs();

afterEach(closeAll);

describe('EvaluatedFlagClient', () => {
  it('asks once, listens once, and is live with the values of its context', async () => {
    const lab = make();
    expect(lab.client.details('who', 'nobody')).toMatchObject({ value: 'nobody', error_code: 'PROVIDER_NOT_READY' });
    await lab.pass(0);
    await lab.client.ready();
    expect(lab.client.status).toMatchObject({ state: 'live', transport: 'sse', revision: 1, cursor: 'epoch001.1.mark01' });
    expect(lab.states).toEqual(['syncing', 'live']);
    expect(lab.client.details('who', 'nobody')).toEqual({
      ...{ value: 'ann', variant: 'x', reason: 'TARGETING_MATCH', version: 1, revision: 1, age_ms: 0 },
    });
    expect([lab.server.asked.length, lab.server.opened.length, lab.changed]).toEqual([1, 1, ['who,revision']]);
    expect(lab.server.opened[0]).toMatchObject({ address: 'http://flags/ofrep/v1/stream?token=t', last_id: lab.server.cursor });
  });

  it('asks again upon a notice, not behind what the notice says, and tells what is different', async () => {
    const lab = await live();
    lab.server.change();
    await lab.pass(0);
    expect(lab.client.value('revision', 0)).toBe(2);
    expect(lab.changed).toEqual(['who,revision', 'revision']);
    expect(lab.server.asked[1]).toMatchObject({ tag: expect.stringMatching(/^"epoch001\.1\./), seen: lab.server.cursor });
    expect([lab.client.status.state, lab.states]).toEqual(['live', ['syncing', 'live']]);
  });

  it('makes of any number of notices while it asks one more question, and none where the answer had it all', async () => {
    const lab = await live();
    lab.server.isHolding = true;
    lab.server.change();
    await lab.pass(0);
    for (let count = 0; count < 10; count += 1) lab.server.change();
    await lab.pass(0);
    expect(lab.server.asked).toHaveLength(2);
    const old = { body: JSON.stringify({ flags: [] }), headers: { etag: '"epoch001.2.mark02-x-1"' } };
    lab.server.asked[1]?.answer(old);
    await lab.pass(0);
    expect(lab.server.asked).toHaveLength(3);
    lab.server.asked[2]?.answer();
    await lab.pass(0);
    lab.server.change();
    await lab.pass(0);
    lab.server.change();
    lab.server.asked[3]?.answer();
    await lab.pass(SECOND);
    expect([lab.server.asked.length, lab.client.value('revision', 0)]).toEqual([4, 14]);
  });

  it('does not ask again and again where the answers stay behind a notice', async () => {
    const lab = await live();
    for (const stream of lab.server.open) {
      stream.send('data: {"type":"refetchEvaluation","etag":"epoch001.99.mark99"}\n\n');
    }
    await lab.pass(10 * SECOND);
    expect(lab.server.asked).toHaveLength(2);
  });

  it('comes back with a 304 and the same stream where nothing has changed, and with what changed otherwise', async () => {
    const lab = await live();
    lab.server.break();
    await lab.pass(0);
    expect([lab.client.status.state, lab.client.value('who', ''), lab.errors]).toEqual(['stale', 'ann', ['connection_ended']]);
    await lab.pass(SECOND);
    expect([lab.client.status.state, lab.server.asked.length, lab.server.opened.length, lab.changed.length]).toEqual([
      ...['live', 2, 2, 1],
    ]);
    lab.server.break();
    lab.server.revision += 1;
    await lab.pass(2 * SECOND);
    expect([lab.client.value('revision', 0), lab.server.opened[2]?.last_id]).toEqual([2, lab.server.cursor]);
  });

  it('learns of what changed between its values and its stream', async () => {
    const lab = make();
    lab.server.isHolding = true;
    await lab.pass(0);
    lab.server.asked[0]?.answer();
    lab.server.revision += 1;
    lab.server.isHolding = false;
    await lab.pass(0);
    expect([lab.client.value('revision', 0), lab.server.asked.length]).toEqual([2, 2]);
  });

  it('says that it is stale when the stream has gone quiet, and ends it later', async () => {
    const lab = await live();
    lab.server.isQuiet = true;
    await lab.pass(24 * SECOND);
    expect(lab.client.status.state).toBe('live');
    await lab.pass(2 * SECOND);
    expect(lab.client.status.state).toBe('stale');
    lab.server.open[0]?.send(': ping\n\n');
    await lab.pass(0);
    expect(lab.client.status.state).toBe('live');
    lab.server.isQuiet = false;
    await lab.pass(10 * MINUTE);
    expect([lab.server.opened.length, lab.errors]).toEqual([1, []]);
    lab.server.isQuiet = true;
    await lab.pass(45 * SECOND);
    expect([lab.server.opened.length, lab.errors]).toEqual([2, ['silent']]);
  });
});

describe('Values', () => {
  it('are the fallback where there is none, and it is said why', async () => {
    const lab = make();
    lab.server.values = () => [
      { key: '__proto__', value: 'mine', reason: 'STATIC', variant: 'x', metadata: { version: 3 } },
      { key: 'off', reason: 'DISABLED', metadata: { version: 2 } },
      { key: 'none', reason: 'DEFAULT' },
      { key: 'split', errorCode: 'TARGETING_KEY_MISSING', errorDetails: 'no' },
      { key: 'odd', errorCode: 'SOMETHING_NEW' },
      { key: 'object', value: { a: [1] }, reason: 'STATIC', variant: 'o' },
    ];
    await lab.pass(0);
    const of = (id: string) => lab.client.details(id, 'fallback');
    expect(of('__proto__')).toMatchObject({ value: 'mine', version: 3 });
    expect(of('constructor')).toMatchObject({ value: 'fallback', error_code: 'FLAG_NOT_FOUND', version: null });
    expect(of('off')).toMatchObject({ value: 'fallback', reason: 'DISABLED', version: 2, variant: null });
    expect(of('none')).toMatchObject({ value: 'fallback', reason: 'DEFAULT' });
    expect(of('split')).toMatchObject({ value: 'fallback', reason: 'ERROR', error_code: 'TARGETING_KEY_MISSING' });
    expect(of('odd')).toMatchObject({ reason: 'ERROR', error_code: 'GENERAL' });
    expect(of('object')).toMatchObject({ value: 'fallback', error_code: 'TYPE_MISMATCH' });
    expect(Object.isFrozen(lab.client.value('object', {}))).toBe(true);
    expect(lab.client.all().map(({ id }) => id)).toEqual(['__proto__', 'off', 'none', 'split', 'odd', 'object']);
  });

  it('that are objects stay the same object while their content is the same', async () => {
    const lab = make();
    const object = (a: number, version: number) => [
      { key: 'o', value: { a }, reason: 'STATIC', variant: 'o', metadata: { version } },
    ];
    lab.server.values = (_context, revision) => object(Math.max(2, revision), revision);
    await lab.pass(0);
    const first = lab.client.value('o', {});
    lab.server.change();
    await lab.pass(0);
    expect([lab.client.value('o', {}) === first, lab.client.details('o', {}).version]).toEqual([true, 2]);
    lab.server.change();
    await lab.pass(0);
    expect([lab.client.value('o', {}), first]).toEqual([{ a: 3 }, { a: 2 }]);
  });

  it('can be brought by the application, until better ones come', async () => {
    const flags = [{ key: 'who', value: 'of the page', reason: 'STATIC', variant: 'x' }];
    const lab = make({ bootstrap: { flags } });
    expect([lab.who().value, lab.client.status.state]).toEqual(['of the page', 'stale']);
    await lab.pass(0);
    expect([lab.who().value, lab.errors]).toEqual(['ann', []]);
    const other = make({ bootstrap: { flags: 'none' } });
    await other.pass(0);
    expect(other.errors).toEqual(['bootstrap_invalid']);
  });

  it('are iterated over as they change', async () => {
    const lab = await live();
    const seen: string[] = [];
    const loop = (async () => {
      for await (const { changes } of lab.client) seen.push(changes.map(({ id }) => id).join());
    })();
    await lab.pass(0);
    lab.server.change();
    await lab.pass(0);
    await lab.client.close();
    await loop;
    expect(seen).toEqual(['revision']);
  });
});

describe('The options', () => {
  it('refuse every key but a client key, and do not repeat it', () => {
    for (const clientKey of ['fw_srv_ABCDEFGHIJKL', 'fw_evt_1', '', 'fw_cli_']) {
      let said: unknown = null;
      try {
        new EvaluatedFlagClient({ ...URL, clientKey });
      } catch (error) {
        said = error;
      }
      expect(said).toMatchObject({ code: 'options_invalid' });
      expect(String(said)).not.toContain('ABCDEFGHIJKL');
    }
    expect(() => new EvaluatedFlagClient({ url: 'flags', clientKey: 'fw_cli_a' })).toThrow('url has to be');
  });
});

describe('close()', () => {
  it('leaves nothing, at whatever moment it is called, also by a listener', async () => {
    for (const name of ['change', 'status', 'error'] as const) {
      const lab = make();
      lab.client.on(name, () => void lab.client.close());
      await lab.pass(0);
      // The first error is yet to come.
      expect([name, lab.server.open.length]).toEqual([name, name === 'error' ? 1 : 0]);
      lab.server.break();
      await lab.pass(MINUTE);
      expect([name, lab.client.status.state, lab.clock.pending, lab.server.open]).toEqual([name, 'closed', 0, []]);
      await expect(lab.client.setContext(user('bob'))).rejects.toMatchObject({ code: 'client_closed' });
    }
    const early = make();
    await early.client.close();
    await early.pass(MINUTE);
    expect(early.server.asked).toEqual([]);
  });
});
