import { describe, expect, it } from '@jest/globals';
import { type Cache, storageCache } from '../cache/cache.js';
import { at, flag, liveLab, makeLab } from './client-lab.fake.js';
import { watchPage } from './page.js';
import { Tickets } from './tickets.js';
import { VirtualClock } from '../connection/virtual-clock.fake.js';

const SECOND = 1000;
const updated = (id: string, version: number) => ({ type: 'FlagUpdated', data: flag(id, {}, version) });

function newCache(): Cache {
  const texts = new Map<string, string>();
  return storageCache({ getItem: (name) => texts.get(name) ?? null, setItem: (name, text) => void texts.set(name, text) });
}

async function keep(cache: Cache, options = {}): Promise<void> {
  const { client, pass, sync } = makeLab({ cache, ...options });
  await pass(0);
  sync([flag('a')], 5);
  await client.close();
}

describe('A client with a cache', () => {
  it('begins, stale, with what the one before it had, and resumes from there', async () => {
    const cache = newCache();
    await keep(cache);
    const { client, pass, sse, states } = makeLab({ cache });
    const changes: string[] = [];
    client.on('change', (set) => changes.push(...set.changes.map(({ id }) => id)));
    await pass(0);
    expect(client.status).toMatchObject({ state: 'stale', cursor: at(5), revision: 5, lag_ms: null });
    expect([client.value('a', false), changes, states[0]]).toEqual([true, ['a'], 'stale']);
    expect(client.details('a', false).age_ms).toBeNull();
    expect(sse.opened.map(({ cursor }) => cursor)).toEqual([at(5)]);
    const ready = client.ready({ timeout_ms: SECOND });
    await pass(SECOND);
    await expect(ready).rejects.toMatchObject({ code: 'ready_timeout' });
  });

  it('takes nothing from that of another key, server or filter', async () => {
    const cache = newCache();
    await keep(cache);
    for (const options of [{ sdkKey: 'fw_srv_MNOPQRSTUVWXsecret' }, { url: 'http://other' }, { flags: ['a'] }]) {
      const { client, pass } = makeLab({ cache, ...options });
      await pass(0);
      expect([options, client.all(), client.status.state]).toEqual([options, [], 'connecting']);
    }
  });

  it('waits for it two seconds at most, at its beginning and at its end', async () => {
    const silent: Cache = { read: () => new Promise(() => undefined), write: () => new Promise(() => undefined) };
    const { client, clock, pass, sse, sync } = makeLab({ cache: silent });
    await pass(1999);
    expect(sse.opened).toHaveLength(0);
    await pass(1);
    expect(sse.opened).toHaveLength(1);
    sync([flag('a')]);
    await client.ready();
    let closed = false;
    void client.close().then(() => (closed = true));
    await pass(1999);
    expect(closed).toBe(false);
    await pass(1);
    expect([closed, clock.pending]).toEqual([true, 0]);
  });

  it('that is broken starts without, and says so', async () => {
    const fails = () => Promise.reject(new Error('no disk'));
    const { client, pass, sync, errors } = makeLab({ cache: { read: fails, write: fails } });
    await pass(0);
    sync([flag('a')]);
    await pass(0);
    expect([client.value('a', false), errors]).toEqual([true, ['cache_unreadable', 'cache_unwritable']]);
  });

  it('that is closed while it waits for it opens nothing', async () => {
    const { client, clock, pass, sse } = makeLab({ cache: newCache() });
    await client.close();
    await pass(SECOND);
    expect([sse.opened, clock.pending]).toEqual([[], 0]);
  });

  it('keeps what it subscribes to later apart', async () => {
    const cache = newCache();
    const { client, pass, sync } = makeLab({ cache });
    await pass(0);
    sync([flag('a'), flag('b')]);
    void client.subscribe(['b']);
    await pass(SECOND);
    sync([flag('b')], 2);
    await client.close();
    const all = makeLab({ cache });
    const some = makeLab({ cache, flags: ['b'] });
    for (const lab of [all, some]) await lab.pass(0);
    expect([all.client.all().length, some.client.all().length]).toEqual([0, 1]);
  });
});

describe('Bootstrap data', () => {
  it('is shown at once, stale, and gives way to the server', async () => {
    const { client, pass, sse, sync } = makeLab({ bootstrap: { flags: [flag('a'), flag('b')], cursor: at(4) } });
    expect([client.value('a', false), client.status.state, client.status.cursor]).toEqual([true, 'stale', at(4)]);
    await pass(0);
    expect(sse.opened[0]?.cursor).toBe(at(4));
    sync([flag('a', { status: 'disabled' })], 6);
    expect([client.value('a', false), client.all().length, client.status.state]).toEqual([false, 1, 'live']);
  });

  it('gives way to what was kept', async () => {
    const cache = newCache();
    await keep(cache);
    const { client, pass } = makeLab({ cache, bootstrap: { flags: [flag('b')], cursor: at(4) } });
    expect(client.all().map(({ id }) => id)).toEqual(['b']);
    await pass(0);
    expect(client.all().map(({ id }) => id)).toEqual(['a']);
  });

  it('that cannot be read is told to those who listen, and nothing else', async () => {
    const { client, pass, errors } = makeLab({ bootstrap: { flags: [{ id: 'a' }] } });
    await pass(0);
    expect([errors, client.all()]).toEqual([['bootstrap_invalid'], []]);
  });
});

describe('A ticket', () => {
  const tickets = (given: (n: number) => string | { ticket: string; expires_in: number }) => {
    const clock = new VirtualClock();
    let asked = 0;
    const all = new Tickets(async () => given((asked += 1)), clock);
    return { clock, next: (refused = false) => all.credential(refused), asked: () => asked };
  };

  it('is asked for with each connection where nobody says how long it is good', async () => {
    const { next } = tickets((n) => `t${n}`);
    expect([await next(), await next()]).toEqual([{ ticket: 't1' }, { ticket: 't2' }]);
  });

  it('is used again until a tenth of its time is left, and not once it was refused', async () => {
    const { next, clock, asked } = tickets((n) => ({ ticket: `t${n}`, expires_in: 100 }));
    await next();
    await clock.pass(89 * SECOND);
    expect([await next(), asked()]).toEqual([{ ticket: 't1' }, 1]);
    await clock.pass(SECOND);
    expect(await next()).toEqual({ ticket: 't2' });
    expect(await next(true)).toEqual({ ticket: 't3' });
  });

  it('that is none is told, and asked for again', async () => {
    let asked = 0;
    const ticket = async () => ((asked += 1) === 1 ? '' : 'ticket');
    const { pass, sse, errors } = makeLab({ ticket });
    await pass(SECOND);
    expect([errors, sse.opened.length, asked]).toEqual([['ticket_failed'], 1, 2]);
  });
});

describe('A page', () => {
  it('is watched for being hidden and for its network, until the end', () => {
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    const page = Object.assign(new EventTarget(), { document, navigator: { onLine: true } });
    const told: [string, boolean][] = [];
    const stop = watchPage(page, {
      hidden: (hidden) => told.push(['hidden', hidden]),
      offline: (offline) => told.push(['offline', offline]),
    });
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    page.navigator.onLine = false;
    page.dispatchEvent(new Event('offline'));
    stop();
    document.dispatchEvent(new Event('visibilitychange'));
    page.dispatchEvent(new Event('online'));
    expect(told).toEqual([
      ...[
        ['hidden', true],
        ['offline', false],
      ],
      ...[
        ['hidden', false],
        ['offline', true],
      ],
    ]);
  });
});

describe('A client in a page', () => {
  it('that is opened hidden connects to nothing before it is seen', async () => {
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    const place = globalThis as { document?: unknown };
    place.document = document;
    try {
      const { client, pass, sse } = makeLab({ ticket: () => 'ticket' });
      await pass(60 * SECOND);
      expect(sse.opened).toEqual([]);
      document.visibilityState = 'visible';
      document.dispatchEvent(new Event('visibilitychange'));
      await pass(SECOND);
      expect(sse.opened).toHaveLength(1);
      await client.close();
    } finally {
      delete place.document;
    }
  });
});

describe('Two clients', () => {
  it('have nothing to do with each other', async () => {
    const one = await liveLab([flag('a')]);
    const two = await liveLab([flag('a', { status: 'disabled' })]);
    one.change(2, updated('a', 2));
    await one.client.close();
    expect([one.client.value('a', false), two.client.value('a', false), two.client.status.state]).toEqual([true, false, 'live']);
  });
});

describe('A listener that acts while a connection is exchanged for a better one', () => {
  it.each(['close', 'subscribe'])('leaves one connection at most (%s)', async (act) => {
    const { client, pass, sse, poll, states } = makeLab();
    sse.onOpen = () => sse.fail('not_found');
    poll.onOpen = () => {
      poll.tell({ type: 'Unchanged', asked: 'none' });
      poll.tell({ type: 'Ended', failure: null });
    };
    await pass(SECOND);
    let acted = 0;
    client.on('status', ({ transport }) => {
      if (transport !== 'sse' || acted > 0) return;
      acted += 1;
      void (act === 'close' ? client.close() : client.subscribe(['b']));
    });
    // The probe hears something while a poll is under way, which is given up for it.
    sse.onOpen = () => (poll.onOpen = () => sse.tell({ type: 'Heard' }));
    await pass(305 * SECOND);
    const [refused, probe, ...connections] = sse.opened;
    expect([refused?.at, probe?.at, acted, states.includes('closed')]).toEqual([0, 300 * SECOND, 1, act === 'close']);
    expect([sse.isOpen, poll.isOpen, connections.length]).toEqual([act !== 'close', false, act === 'close' ? 0 : 1]);
  });
});
