import { describe, expect, it } from '@jest/globals';
import { type ChangeSet } from './change-set.js';
import { at, flag, liveLab, makeLab } from './client-lab.fake.js';

const updated = (id: string, version: number, fields = {}) => ({ type: 'FlagUpdated', data: flag(id, fields, version) });

/** The code that a promise rejects with; null: it resolved. */
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    ({ code }: { code?: string }) => code,
  );

describe('ready()', () => {
  it('resolves with the first sync, and from then on', async () => {
    const { client, clock, sync } = makeLab();
    const ready = client.ready();
    await clock.pass(0);
    sync([flag('a')]);
    expect(await codeOf(ready)).toBeNull();
    expect(await codeOf(client.ready())).toBeNull();
    expect(client.value('a', false)).toBe(true);
  });

  it('rejects after its time, while the client goes on trying', async () => {
    const { client, clock, sse, sync } = makeLab();
    const late = codeOf(client.ready({ timeout_ms: 1000 }));
    sse.onOpen = () => sse.fail();
    await clock.pass(1000);
    expect(await late).toBe('ready_timeout');
    const before = sse.opened.length;
    sse.onOpen = () => undefined;
    await clock.pass(1000);
    expect(sse.opened.length).toBeGreaterThan(before);
    sync([]);
    expect(await codeOf(client.ready())).toBeNull();
  });

  it('rejects where the client is closed, before or after', async () => {
    const { client, clock } = makeLab();
    const before = codeOf(client.ready({ timeout_ms: Infinity }));
    await client.close();
    expect([await before, await codeOf(client.ready()), clock.pending]).toEqual(['client_closed', 'client_closed', 0]);
  });
});

describe('A change set', () => {
  it('is applied as a whole before the first listener hears of it', async () => {
    const { client, change } = await liveLab([flag('a'), flag('b')]);
    const seen: unknown[] = [];
    const look = () => seen.push([client.definition('a')?.metadata.version, client.definition('b')?.metadata.version]);
    client.on('change', ({ changes, cursor, revision }) => {
      look();
      seen.push([changes.map(({ id }) => id), cursor, revision, client.status.cursor]);
    });
    client.on('event', ({ id, type }) => {
      look();
      seen.push([id, type]);
    });
    change(2, updated('a', 2), { type: 'FlagStatusChanged', data: disabled('b', 2) });
    expect(seen).toEqual([
      ...[
        [2, 2],
        [['a', 'b'], at(2), 2, at(2)],
      ],
      ...[
        [2, 2],
        ['a', 'FlagUpdated'],
        [2, 2],
        ['b', 'FlagStatusChanged'],
      ],
    ]);
  });

  it('is named by what it does to each flag', async () => {
    const { client, change } = await liveLab([flag('a'), flag('b')]);
    const types: string[] = [];
    client.on('event', ({ type }) => types.push(type));
    change(2, { type: 'FlagCreated', data: flag('c') }, { type: 'FlagDeleted', data: { flag_id: 'b', version: 2 } });
    change(3, updated('a', 2, { status: 'disabled', name: 'other' }));
    expect(types).toEqual(['FlagCreated', 'FlagDeleted', 'FlagUpdated']);
  });

  it('cannot be changed by who hears of it', async () => {
    const { client, change } = await liveLab([flag('a')]);
    const heard: ChangeSet[] = [];
    client.on('change', (set) => heard.push(set));
    change(2, updated('a', 2));
    expect(() => Object.assign(heard[0]?.changes[0]?.after?.variants ?? {}, { on: false })).toThrow(TypeError);
    expect(() => Object.assign(client.all()[0]?.metadata ?? {}, { version: 9 })).toThrow(TypeError);
    expect(client.value('a', false)).toBe(true);
  });
});

function disabled(flag_id: string, version: number) {
  return { flag_id, old_status: 'enabled', new_status: 'disabled', version, updated_at: `t${version}` };
}

describe('A listener', () => {
  it('that throws or rejects hurts nobody, and is told as an error once', async () => {
    const { client, change, errors } = await liveLab([flag('a')]);
    const heard: string[] = [];
    client.on('change', () => {
      throw new Error('first');
    });
    client.on('change', async () => Promise.reject(new Error('second')));
    client.on('change', () => heard.push('third'));
    client.on('error', () => {
      heard.push('error');
      throw new Error('again');
    });
    change(2, updated('a', 2));
    await Promise.resolve();
    await new Promise(setImmediate);
    expect(errors).toEqual(['listener_failed', 'listener_failed']);
    expect(heard).toEqual(['third', 'error', 'error']);
    expect(client.status.state).toBe('live');
  });

  it('hears what another sets off after what is being told', async () => {
    const { client, change } = await liveLab([flag('a')]);
    const heard: string[] = [];
    client.on('change', () => {
      void client.close();
      heard.push('closing');
    });
    client.on('change', () => heard.push('change'));
    client.on('status', ({ state }) => heard.push(state));
    change(2, updated('a', 2));
    expect(heard).toEqual(['closing', 'change', 'closed']);
  });

  it('hears nothing once it is taken away, though the same function may listen twice', async () => {
    const { client, change } = await liveLab([flag('a')]);
    let heard = 0;
    const listener = () => (heard += 1);
    const stop = client.on('change', listener);
    client.on('change', listener);
    stop();
    stop();
    change(2, updated('a', 2));
    expect(heard).toBe(1);
  });
});
