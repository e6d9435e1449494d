import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';

type Flags = Map<string, { status: string; metadata: { version: number } }>;
type FollowFlags = (
  url: string,
  credential: () => Promise<Record<string, string>>,
  onFlags: (flags: Flags) => void,
  onGoodbye: (reason: string) => void,
) => () => void;

const page = readFileSync(join(projectRoot(), 'docs/protocol.md'), 'utf8');
const [, sample = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];

/** What the sample believes to be the browser's. */
class FakeEventSource {
  static opened: FakeEventSource[] = [];
  readyState = 1;
  onmessage: (event: { data: string; lastEventId: string }) => void = () => undefined;
  onerror: () => void = () => undefined;

  constructor(readonly url: string) {
    FakeEventSource.opened.push(this);
  }

  close(): void {
    this.readyState = 2;
  }

  send(lastEventId: string, message: object): void {
    this.onmessage({ lastEventId, data: JSON.stringify(message) });
  }
}

function flag(id: string, version: number, status = 'enabled'): object {
  return { id, status, metadata: { version } };
}

const started = (mode: 'full' | 'delta') => ({ type: 'SyncStarted', data: { mode, connection_id: 'c', protocol: 1 } });
const complete = { type: 'SyncComplete', data: { flag_count: 0 } };
const updated = (id: string, version: number) => ({ type: 'FlagUpdated', data: flag(id, version) });
const switched = (flag_id: string, version: number) => ({
  type: 'FlagStatusChanged',
  data: { flag_id, old_status: 'enabled', new_status: 'disabled', version, updated_at: 't' },
});

describe('the simple client in docs/protocol.md', () => {
  let timers: Map<number, { work: () => void; ms: number }>;
  let shown: Flags[];
  let goodbyes: string[];
  let end: () => void;

  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const stream = (): FakeEventSource => {
    const newest = FakeEventSource.opened.at(-1);
    if (newest === undefined) throw new Error('nothing was opened');
    return newest;
  };
  const versions = () => Object.fromEntries([...(shown.at(-1) ?? [])].map(([id, { metadata }]) => [id, metadata.version]));
  /** Runs the one timer that is set, and gives its delay. */
  const runTimer = async (): Promise<number> => {
    const [[id, timer] = [0, { work: () => undefined, ms: NaN }]] = timers;
    timers.delete(id);
    timer.work();
    await turn();
    return timer.ms;
  };

  beforeEach(async () => {
    FakeEventSource.opened = [];
    timers = new Map();
    shown = [];
    goodbyes = [];
    let last = 0;
    const followFlags = runInNewContext(`${sample}; followFlags`, {
      EventSource: FakeEventSource,
      URLSearchParams,
      setTimeout: (work: () => void, ms: number) => {
        timers.set(++last, { work, ms });
        return last;
      },
      clearTimeout: (id: number) => timers.delete(id),
    }) as FollowFlags;
    end = followFlags(
      'http://server',
      async () => ({ ticket: 't' }),
      (flags) => shown.push(flags),
      (reason) => goodbyes.push(reason),
    );
    await turn();
    stream().send('none', started('full'));
    stream().send('none', updated('a', 1));
    stream().send('none', updated('b', 1));
    stream().send('e.1.m', complete);
  });

  it('shows a full sync when it is complete, and not before', () => {
    expect(stream().url).toBe('http://server/sdk/stream?ticket=t&last_event_id=none');
    expect(shown).toHaveLength(1);
    expect(versions()).toEqual({ a: 1, b: 1 });
  });

  it('drops at a full sync in place what is not in it', () => {
    stream().send('none', started('full'));
    stream().send('none', updated('b', 1));
    expect(versions()).toEqual({ a: 1, b: 1 });
    stream().send('f.0.m', complete);
    expect(versions()).toEqual({ b: 1 });
  });

  it('applies a change set all at once', () => {
    stream().send('e.1.m', { ...switched('a', 2), more: true });
    expect(shown).toHaveLength(1);
    stream().send('e.2.m', { type: 'FlagDeleted', data: { flag_id: 'b', version: 2 } });
    expect(shown).toHaveLength(2);
    expect(versions()).toEqual({ a: 2 });
    expect(shown.at(-1)?.get('a')?.status).toBe('disabled');
  });

  it('forgets half a change set, which is sent again', () => {
    stream().send('e.1.m', { type: 'FlagDeleted', data: { flag_id: 'b', version: 2 }, more: true });
    stream().send('e.1.m', started('delta'));
    stream().send('e.2.m', updated('a', 2));
    expect(versions()).toEqual({ a: 2, b: 1 });
  });

  it('skips what it has already', () => {
    stream().send('e.2.m', updated('a', 1));
    stream().send('e.2.m', switched('a', 1));
    expect(shown.at(-1)?.get('a')?.status).toBe('enabled');
  });

  it('asks for everything where it has missed something', async () => {
    const first = stream();
    first.send('e.2.m', switched('a', 5));
    await turn();
    expect(first.readyState).toBe(2);
    expect(stream().url).toContain('last_event_id=none');
  });

  it('comes back after a Goodbye, when it may, with its cursor and without the old connection', async () => {
    const first = stream();
    first.send('e.1.m', { type: 'Goodbye', data: { reason: 'shutdown', retry_after_ms: 1234 } });
    expect(first.readyState).toBe(2);
    expect(await runTimer()).toBe(1234);
    expect(stream().url).toContain('last_event_id=e.1.m');
    expect(FakeEventSource.opened).toHaveLength(2);
  });

  it('stays away after a Goodbye without a delay', () => {
    stream().send('e.1.m', { type: 'Goodbye', data: { reason: 'key_revoked', retry_after_ms: null } });
    expect(goodbyes).toEqual(['key_revoked']);
    expect(timers.size).toBe(0);
  });

  it('comes back with a new ticket, later, where it was refused', async () => {
    stream().readyState = 2;
    stream().onerror();
    expect(await runTimer()).toBeGreaterThan(10_000);
    expect(FakeEventSource.opened).toHaveLength(2);
  });

  it('comes back where nothing is heard any more', async () => {
    expect(await runTimer()).toBe(90_000);
    expect(FakeEventSource.opened.map(({ readyState }) => readyState)).toEqual([2, 1]);
  });

  it('lets go of everything at its end', () => {
    end();
    expect(stream().readyState).toBe(2);
    expect(timers.size).toBe(0);
  });
});
