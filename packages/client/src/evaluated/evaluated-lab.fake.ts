import { VirtualClock } from '../connection/virtual-clock.fake.js';
import { EvaluatedFlagClient } from './evaluated-flag-client.js';
import { OfrepServer } from './ofrep-server.fake.js';
import { type EvaluatedFlagClientOptions } from './options.js';

export const KEY = 'fw_cli_ABCDEFGHIJKLa-secret-that-nobody-checks';
const STEP_MS = 250;
const PING_MS = 15_000;
export const user = (targetingKey: string) => ({ targetingKey });

/** A client in virtual time, whose server is the test. */
export function makeLab(options: Partial<EvaluatedFlagClientOptions> = {}) {
  const clock = new VirtualClock();
  const server = new OfrepServer(() => clock.now());
  const given = { url: 'http://flags', clientKey: KEY, context: user('ann'), fetch: server.fetch, clock, random: () => 0.5 };
  const client = new EvaluatedFlagClient({ ...given, ...options });
  const states: string[] = [];
  client.on('status', ({ state }) => states.push(state));
  const errors: string[] = [];
  client.on('error', ({ code }) => errors.push(code));
  const changed: string[] = [];
  client.on('change', ({ changes }) => changed.push(changes.map(({ id }) => id).join()));
  /** As the clock's, in steps: what is loaded and answered on the way takes turns of the real event loop, and no time. */
  const pass = async (ms: number): Promise<void> => {
    for (let rest = ms; rest > 0; rest -= STEP_MS) {
      await turns(clock);
      await clock.pass(Math.min(rest, STEP_MS));
      if (!server.isQuiet && clock.now() % PING_MS < STEP_MS) for (const stream of server.open) stream.send(': ping\n\n');
    }
    await turns(clock);
  };
  const who = () => client.details('who', '');
  return { clock, server, client, states, errors, changed, pass, who };
}

async function turns(clock: VirtualClock): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.pass(0);
  }
}

export type Lab = ReturnType<typeof makeLab>;

/** A lab whose client is live. */
export async function liveLab(options: Partial<EvaluatedFlagClientOptions> = {}): Promise<Lab> {
  const lab = makeLab(options);
  await lab.pass(0);
  return lab;
}

/** Labs for the tests of a file, which `closeAll` ends after each: nothing may be left of them. */
export function useLabs() {
  const labs: Lab[] = [];
  const keep = (lab: Lab): Lab => {
    labs.push(lab);
    return lab;
  };
  return {
    live: async (options: Partial<EvaluatedFlagClientOptions> = {}) => keep(await liveLab(options)),
    make: (options: Partial<EvaluatedFlagClientOptions> = {}) => keep(makeLab(options)),
    closeAll: async (): Promise<void> => {
      for (const { client, clock, server } of labs.splice(0)) {
        await client.close();
        if (clock.pending > 0) throw new Error('a closed client has left a timer');
        if (server.open.length > 0) throw new Error('a closed client has left a stream');
      }
    },
  };
}
