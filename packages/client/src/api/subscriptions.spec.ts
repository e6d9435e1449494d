import { describe, expect, it } from '@jest/globals';
import { InvalidFilter, parseFilter } from '@flagwire/protocol/sync';
import fc from 'fast-check';
import { at, flag, KEY, liveLab, makeLab } from './client-lab.fake.js';
import { readFlags } from './flags.js';

const SECOND = 1000;
const updated = (id: string, version: number) => ({ type: 'FlagUpdated', data: flag(id, {}, version) });
const settled = async (promise: Promise<unknown>): Promise<unknown> => {
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    return 'waiting';
  };
  const end = promise.then(
    () => 'resolved',
    ({ code }: { code: string }) => code,
  );
  return Promise.race([end, turns()]);
};

describe('waitFor(cursor)', () => {
  it('resolves once the change set of that cursor is applied, and not with its first event', async () => {
    const { client, sse } = await liveLab([flag('a'), flag('b')]);
    const waiting = client.waitFor(at(2));
    expect(await settled(waiting)).toBe('waiting');
    sse.message({ ...updated('a', 2), id: at(1), more: true });
    expect(await settled(waiting)).toBe('waiting');
    sse.message({ ...updated('b', 2), id: at(2) });
    expect(await settled(waiting)).toBe('resolved');
    expect(await settled(client.waitFor(at(1)))).toBe('resolved');
  });

  it('is not content with a full sync that has not ended, nor with another history', async () => {
    const { client, clock, sse, sync } = makeLab();
    await clock.pass(0);
    const waiting = client.waitFor(at(3));
    const elsewhere = client.waitFor(at(3).replace('epoch001', 'epoch002'));
    const otherMark = client.waitFor(at(3).replace('mark03', 'other3'));
    sse.tell({ type: 'Opened' });
    sse.message({ type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1 }, id: 'none' });
    sse.message({ type: 'FlagUpdated', data: flag('a'), id: 'none' });
    expect(await settled(waiting)).toBe('waiting');
    sync([flag('a')], 3);
    expect(await settled(waiting)).toBe('resolved');
    expect([await settled(elsewhere), await settled(otherMark)]).toEqual(['waiting', 'waiting']);
    await clock.pass(10 * SECOND);
    expect([await settled(elsewhere), await settled(otherMark)]).toEqual(['wait_timeout', 'wait_timeout']);
  });

  it.each(['', 'none', 'x', `${at(1)} `])('refuses %j', async (cursor) => {
    const { client } = await liveLab();
    expect(() => client.waitFor(cursor)).toThrow(expect.objectContaining({ code: 'cursor_invalid' }));
  });

  it('hurts nobody where its rejection is not looked at', async () => {
    const { client } = await liveLab();
    void client.waitFor(at(9));
    void client.ready();
    await client.close();
    await new Promise(setImmediate);
    expect(client.status.state).toBe('closed');
  });
});

describe('subscribe(flags)', () => {
  it('asks again without a cursor, and shows what it had until the new flags are whole', async () => {
    const { client, clock, sse, sync } = await liveLab([flag('a'), flag('b')]);
    const subscribed = client.subscribe(['b']);
    expect([client.status.state, sse.isOpen, client.all().length]).toEqual(['stale', false, 2]);
    expect(await settled(client.waitFor(at(1)))).toBe('waiting');
    await clock.pass(SECOND);
    expect(sse.opened.map(({ cursor }) => cursor)).toEqual(['none', 'none']);
    expect(await settled(subscribed)).toBe('waiting');
    sync([flag('b')]);
    expect([await settled(subscribed), client.all().map(({ id }) => id)]).toEqual(['resolved', ['b']]);
  });

  it('is one connection for several in a row', async () => {
    const { client, clock, sse, sync } = await liveLab([flag('a')]);
    const all = [client.subscribe(['a']), client.subscribe(['b']), client.subscribe(null)];
    await clock.pass(SECOND);
    sync([flag('a')]);
    expect(sse.opened).toHaveLength(2);
    expect(await Promise.all(all.map(settled))).toEqual(['resolved', 'resolved', 'resolved']);
  });

  it('does not shorten the wait after a failure', async () => {
    const { client, clock, sse } = await liveLab();
    sse.fail('http_status', { retry_after_ms: 20_000 });
    void client.subscribe(['a']);
    await clock.pass(19 * SECOND);
    expect(sse.opened).toHaveLength(1);
    await clock.pass(4 * SECOND);
    expect(sse.opened).toHaveLength(2);
  });

  it('may be called by a listener, and after the end', async () => {
    const { client, clock, change, sync, sse } = await liveLab([flag('a')]);
    const stop = client.on('change', () => {
      stop();
      void client.subscribe(['a']);
    });
    change(2, updated('a', 2));
    await clock.pass(SECOND);
    sync([flag('a', {}, 2)], 2);
    expect([sse.opened.length, client.status.state]).toEqual([2, 'live']);
    await client.close();
    expect(await settled(client.subscribe(['b']))).toBe('client_closed');
  });
});

describe('The flags that are asked for', () => {
  const entry = fc.oneof(fc.constantFrom('a', 'b.*', '*', '**', '', 'a,b', '-a', 'ä', '__proto__', 'x'.repeat(129)), fc.string());
  it('are refused where, and only where, the parser of the protocol refuses them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(entry), fc.array(fc.constant('x'.repeat(60)), { maxLength: 120 })), (flags) => {
        expect(refuses(() => readFlags(flags))).toBe(refuses(() => parseFilter(flags)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([[[]], [['a b']], ['a'], [{}], [[1]], [Array.from({ length: 101 }, (_, n) => `f${n}`)]])(
    'are refused before anything is sent: %j',
    (flags) => {
      const refused = expect.objectContaining({ code: 'flags_invalid', message: expect.stringContaining('1 to 100 ids') });
      expect(() => makeLab({ flags: flags as string[] })).toThrow(refused);
      const { client, sse } = makeLab();
      expect(() => client.subscribe(flags as string[])).toThrow(refused);
      expect(sse.opened).toEqual([]);
    },
  );
});

function refuses(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    return error instanceof InvalidFilter || (error as { code?: string }).code === 'flags_invalid';
  }
}

describe('Options', () => {
  it.each([
    [{ url: 'flags.example.com' }, 'url'],
    [{ url: undefined as unknown as string }, 'url'],
    [{ sdkKey: undefined as unknown as string }, 'sdkKey'],
    [{ sdkKey: 'fw_cli_secret-of-a-page' }, 'fw_srv_'],
    [{ sdkKey: `${KEY}\n` }, 'fw_srv_'],
    [{ ticket: async () => 'ticket', sdkKey: KEY }, 'ticket'],
    [{ ticket: 'ticket' as unknown as () => string }, 'function'],
    [{ transports: () => [] }, 'transports'],
  ])('that make no client are refused, without the key: %j', (options, word) => {
    const make = () => makeLab(options);
    expect(make).toThrow(expect.objectContaining({ code: 'options_invalid', message: expect.stringContaining(word) }));
    expect(make).not.toThrow(/secret/);
  });

  it('with a server key are refused in a page', () => {
    const place = globalThis as { document?: unknown };
    place.document = new EventTarget();
    try {
      const refused = expect.objectContaining({ code: 'server_key_in_browser', message: expect.not.stringContaining(KEY) });
      expect(() => makeLab()).toThrow(refused);
      expect(() => makeLab({ ticket: async () => 'ticket' })).not.toThrow();
    } finally {
      delete place.document;
    }
  });
});
