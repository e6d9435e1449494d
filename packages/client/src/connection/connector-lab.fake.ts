import { initialState } from '../sync/state.js';
import { Connector } from './connector.js';
import { ScriptedTransport } from './scripted-transport.fake.js';
import { VirtualClock } from './virtual-clock.fake.js';

/** A connector over three transports, in virtual time. */
export function setUp(random = () => 0.5, credential: () => { key: string } | Promise<{ key: string }> = () => ({ key: 'k' })) {
  const clock = new VirtualClock();
  const now = () => clock.now();
  const sse = new ScriptedTransport('sse', now);
  const socket = new ScriptedTransport('websocket', now);
  const poll = new ScriptedTransport('poll', now, 'poll', 30_000);
  const codes: string[] = [];
  const listener = {
    onSync: () => undefined,
    onHeard: () => undefined,
    onFailure: ({ code }: { code: string }) => void codes.push(code),
  };
  const connector = new Connector({ transports: [sse, socket, poll], clock, random, credential }, listener, initialState());
  const times = (transport: ScriptedTransport) => transport.opened.map(({ at }) => at);
  return { clock, sse, socket, poll, codes, connector, times };
}
