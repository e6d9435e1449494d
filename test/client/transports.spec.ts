import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Credential } from '../../packages/client/src/transport/transport.js';
import { httpRequest } from '../support/http-request.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { Listener } from './support/listener.js';
import { transports } from './support/transports.js';

const PATIENCE = { timeoutMs: 15_000 };

describe.each(transports)('%s with a %s', (name, kind, make) => {
  const start = useServers();
  const open: Listener[] = [];
  let server: TestServer;
  let key: string;

  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('production'));
    await server.admin.createFlag('first');
  });
  afterEach(() => {
    for (const listener of open.splice(0)) listener.close();
  });

  async function listen(flags: readonly string[] | null = null, credential?: Credential): Promise<Listener> {
    const listener = new Listener(make({ url: server.url, flags }), credential ?? (await credentials()));
    open.push(listener);
    listener.open();
    return listener;
  }

  async function credentials(): Promise<Credential> {
    if (kind === 'key') return { key };
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const answer = await httpRequest(`${server.url}/sdk/ticket`, { method: 'POST', headers, body: '{}' });
    return { ticket: (answer.json() as { ticket: string }).ticket };
  }

  const until = (listener: Listener, flag: string) =>
    eventually(() => listener.state.flags.has(flag), { ...PATIENCE, what: flag });

  it('brings every flag, and then each change', async () => {
    const listener = await listen();
    await until(listener, 'first');
    expect(listener.syncs).toEqual(['full']);
    const changed = `after-${Date.now()}`;
    await server.admin.createFlag(changed);
    await until(listener, changed);
    expect(listener.events.filter(({ type }) => type === 'Heard').length).toBeGreaterThan(0);
  });

  it('goes on from the cursor, in a delta where the door has one', async () => {
    const listener = await listen();
    await until(listener, 'first');
    listener.close();
    const missed = `missed-${Date.now()}`;
    await server.admin.createFlag(missed);
    listener.open();
    await until(listener, missed);
    // The tag of a poll has no more to say than that something is new.
    expect(listener.syncs.at(-1)).toBe(name === 'poll' ? 'full' : 'delta');
    expect(listener.effects.filter(({ type }) => type === 'Drop')).toEqual([]);
  });

  it('brings the flags of a filter alone', async () => {
    await server.admin.createFlag(`team.${Date.now()}`);
    const listener = await listen(['team.*', 'unheard-of']);
    await eventually(() => listener.syncs.length > 0, PATIENCE);
    expect([...listener.state.flags.keys()].filter((id) => !id.startsWith('team.'))).toEqual([]);
    expect(listener.state.flags.size).toBeGreaterThan(0);
  });

  it('says that a credential is refused, where it can see that', async () => {
    const wrong = kind === 'key' ? { key: `${key.slice(0, -1)}_` } : { ticket: 'no-ticket' };
    const failure = await (await listen(null, wrong)).ended();
    // An EventSource is told no status.
    expect(failure?.code).toBe(name === 'event-source' ? 'connection_failed' : 'unauthorized');
    expect(failure?.message).not.toContain(key.slice(10, -1));
  });

  it('tells nothing once it is closed, closed at any time', async () => {
    const atOnce = await listen();
    atOnce.close();
    const later = await listen();
    await until(later, 'first');
    later.close();
    const told = [atOnce.events.length, later.events.length];
    await server.admin.createFlag(`closed-${Date.now()}`);
    const witness = await listen();
    await eventually(() => witness.syncs.length > 0, PATIENCE);
    expect([atOnce.events.length, later.events.length]).toEqual(told);
    expect(told[0]).toBe(0);
  });

  it('says that no server is there', async () => {
    const listener = new Listener(make({ url: 'http://127.0.0.1:9', flags: null }), await credentials());
    listener.open();
    expect((await listener.ended())?.code).toBe('connection_failed');
  });
});
