import { describe, expect, it } from '@jest/globals';
import { type Cache } from '../cache/cache.js';
import { VirtualClock } from '../connection/virtual-clock.fake.js';
import { KEY, liveLab, makeLab, user } from './evaluated-lab.fake.js';
import { MAX_CONTEXTS, Shelf } from './shelf.js';
import { parseValues, type Values } from './values.js';

/** A place in memory, as `localStorage` is. */
class Memory implements Cache {
  text: string | null = null;
  writes = 0;
  read = () => this.text;
  write = (text: string) => {
    this.text = text;
    this.writes += 1;
  };
}

const DOOR = { url: 'http://flags', key: KEY };

const valuesOf = (name: string): Values => {
  const values = parseValues(
    JSON.stringify({ flags: [{ key: 'who', value: name, reason: 'STATIC', variant: 'x' }] }),
    `"${name}"`,
  );
  if (values === null) throw new TypeError('cannot be read');
  return values;
};

async function shelf(cache: Cache, door = DOOR) {
  const faults: string[] = [];
  const made = new Shelf(cache, door, new VirtualClock(), (code) => void faults.push(code));
  await made.load();
  return { shelf: made, faults };
}

describe('The shelf of values', () => {
  it('has at the next start what it had, each context its own', async () => {
    const cache = new Memory();
    const first = await shelf(cache);
    for (const name of ['ann', 'bob']) first.shelf.keep(name, valuesOf(name));
    await first.shelf.settled();
    const second = await shelf(cache);
    expect([second.shelf.of('ann'), second.shelf.of('bob')]).toEqual([valuesOf('ann'), valuesOf('bob')]);
    expect([second.shelf.of('cid'), second.shelf.of('__proto__'), second.faults]).toEqual([null, null, []]);
  });

  it('forgets the context that was not used for the longest time', async () => {
    const cache = new Memory();
    const { shelf: full } = await shelf(cache);
    for (let n = 0; n < MAX_CONTEXTS; n += 1) full.keep(`c${n}`, valuesOf(`c${n}`));
    full.of('c0');
    full.keep('another', valuesOf('another'));
    await full.settled();
    const { shelf: next } = await shelf(cache);
    expect(['c0', 'c1', 'c2', 'another'].map((name) => next.of(name) !== null)).toEqual([true, false, true, true]);
  });

  it('belongs to one server and one key', async () => {
    const cache = new Memory();
    const first = await shelf(cache);
    first.shelf.keep('ann', valuesOf('ann'));
    await first.shelf.settled();
    for (const door of [
      { ...DOOR, url: 'http://other' },
      { ...DOOR, key: KEY.replace('ABC', 'XYZ') },
    ]) {
      const other = await shelf(cache, door);
      expect([other.shelf.of('ann'), other.faults]).toEqual([null, []]);
    }
    expect((await shelf(cache, { ...DOOR, url: 'http://flags/' })).shelf.of('ann')).not.toBeNull();
  });

  it('says neither the key nor whom the values are for', async () => {
    const cache = new Memory();
    const { client, pass } = await liveLab({ cache, context: { targetingKey: 'somebody', email: 'ann@example.com' } });
    await pass(0);
    await client.close();
    expect(cache.text).toContain('flagwire-values-1');
    for (const secret of [KEY, KEY.slice(7, 19), 'ann@example.com', 'targetingKey']) expect(cache.text).not.toContain(secret);
  });

  it('is nothing, and that is told, wherever it was cut and whichever byte was changed', async () => {
    const cache = new Memory();
    const first = await shelf(cache);
    first.shelf.keep('ann', valuesOf('ann'));
    await first.shelf.settled();
    const whole = cache.text ?? '';
    for (let at = 0; at < whole.length; at += 1) {
      const other = whole[at] === 'x' ? 'y' : 'x';
      for (const text of [whole.slice(0, at), whole.slice(0, at) + other + whole.slice(at + 1)]) {
        cache.text = text;
        const damaged = await shelf(cache);
        expect([text, damaged.shelf.of('ann'), damaged.faults]).toEqual([text, null, ['cache_corrupt']]);
      }
    }
  });
});

describe('A client with a cache', () => {
  it('begins with the values of the last time, stale, and goes on with a 304', async () => {
    const cache = new Memory();
    const first = await liveLab({ cache });
    await first.client.close();
    const second = makeLab({ cache });
    second.server.isHolding = true;
    await second.pass(0);
    expect(second.who()).toMatchObject({ value: 'ann', reason: 'TARGETING_MATCH', age_ms: null });
    expect([second.client.status.state, second.client.status.lag_ms]).toEqual(['syncing', null]);
    expect(second.server.asked[0]?.tag).toContain(second.server.cursor);
    second.server.asked[0]?.answer();
    await second.pass(0);
    expect([second.client.status.state, second.who().age_ms, second.changed]).toEqual(['live', 0, ['who,revision']]);
    await second.client.close();
  });

  it('shows what it has of another context at once, and of one that it does not know nothing', async () => {
    const lab = await liveLab({ cache: new Memory() });
    await lab.client.setContext(user('bob')).catch(() => undefined);
    void lab.client.setContext(user('bob'));
    await lab.pass(0);
    lab.server.isHolding = true;
    void lab.client.setContext(user('ann'));
    expect(lab.who()).toMatchObject({ value: 'ann', reason: 'TARGETING_MATCH', age_ms: null });
    void lab.client.setContext(user('cid'));
    expect(lab.who()).toMatchObject({ value: 'ann', reason: 'STALE' });
    await lab.client.close();
  });

  it('writes once for each answer that is another, and says what cannot be read or written', async () => {
    const cache = new Memory();
    const lab = await liveLab({ cache });
    lab.server.break();
    await lab.pass(2000);
    expect([lab.server.asked.length, cache.writes]).toEqual([2, 1]);
    await lab.client.close();
    const fails = () => Promise.reject(new Error('no'));
    const other = await liveLab({ cache: { read: fails, write: fails } });
    await other.pass(0);
    expect([other.errors, other.client.status.state]).toEqual([['cache_unreadable', 'cache_unwritable'], 'live']);
    await other.client.close();
  });
});
