import { type FlagDefinition } from '@flagwire/protocol/sync';
import { ScriptedTransport } from '../connection/scripted-transport.fake.js';
import { VirtualClock } from '../connection/virtual-clock.fake.js';
import { FlagSyncClient } from './flag-sync-client.js';
import { type FlagSyncClientOptions } from './options.js';

export const KEY = 'fw_srv_ABCDEFGHIJKLa-secret-that-nobody-checks';
/** The cursor of a revision. */
export const at = (revision: number) => `epoch001.${revision}.mark0${revision % 10}`;

export function flag(id: string, fields: Partial<FlagDefinition> = {}, version = 1): FlagDefinition {
  const { targeting = {} } = fields;
  return {
    ...{ id, name: id, description: '', status: 'enabled', value_type: 'boolean', variants: { on: true, off: false } },
    ...{ default_variant: 'on', targeting },
    metadata: { version, created_at: 't', updated_at: `t${version}`, tags: [], owner: null, critical: false },
    ...fields,
  };
}

/** A client in virtual time, whose server is the test. */
export function makeLab(options: Partial<FlagSyncClientOptions> = {}) {
  const clock = new VirtualClock();
  const now = () => clock.now();
  const sse = new ScriptedTransport('sse', now);
  const poll = new ScriptedTransport('poll', now, 'poll', 30_000);
  const credential = options.ticket === undefined ? { sdkKey: KEY } : {};
  const given = { url: 'http://flags', transports: () => [sse, poll], clock, random: () => 0.5, ...credential };
  const client = new FlagSyncClient({ ...given, ...options });
  const states: string[] = [];
  client.on('status', ({ state }) => states.push(state));
  const errors: string[] = [];
  client.on('error', ({ code }) => errors.push(code));
  /** As the clock's, where something has to be loaded on the way: that takes turns of the real event loop, and no time. */
  const pass = async (ms: number): Promise<void> => {
    await turn();
    await clock.pass(ms);
    await turn();
  };
  return { clock, pass, sse, poll, client, states, errors, sync: fullSync(sse), change: changeSet(sse) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Begins the connection with these flags. */
export function fullSync(transport: ScriptedTransport) {
  return (flags: readonly FlagDefinition[], revision = 1): void => {
    transport.tell({ type: 'Opened' });
    transport.message({ type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1 }, id: 'none' });
    for (const data of flags) transport.message({ type: 'FlagUpdated', data, id: 'none' });
    transport.message({ type: 'SyncComplete', data: { flag_count: flags.length }, id: at(revision) });
  };
}

/** One change set, to this revision. */
function changeSet(transport: ScriptedTransport) {
  return (revision: number, ...events: { type: string; data: unknown }[]): void => {
    events.forEach((event, index) => {
      const isLast = index === events.length - 1;
      transport.message({ ...event, ...(isLast ? { id: at(revision) } : { id: at(revision - 1), more: true }) });
    });
  };
}

/** A lab whose client is live with these flags. */
export async function liveLab(flags: readonly FlagDefinition[] = [], options: Partial<FlagSyncClientOptions> = {}) {
  const lab = makeLab(options);
  await lab.clock.pass(0);
  lab.sync(flags);
  return lab;
}
