import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../support/random.js';
import { type Direction, type ProxyConnection, type TcpProxy } from '../../support/tcp-proxy.js';

/** So long a network is disturbed. After that it is whole again, but for the connections that were left half open. */
export const STORM_MS = 8000;

const DIRECTIONS = ['toServer', 'toClient', undefined] as const;
/** What a network does to whatever goes through it. */
export const NETWORK = ['delay', 'throttle', 'slice', 'reset', 'half-open', 'truncate', 'refuse'] as const;
/** Black-holed for a while, and reset in the middle of what is being sent; and what is possible where each piece is a whole message. */
export const ROUGH = ['black-hole', 'reset-inside', 'lose', 'double'] as const;

export interface Fault {
  readonly kind: (typeof NETWORK | typeof ROUGH)[number];
  readonly at_ms: number;
  /** What it does, it does to the connections that are there, and so long to those that come. */
  readonly for_ms: number;
  /** Undefined: both. */
  readonly direction: Direction | undefined;
  /** Which of the connections it hits, where it does not hit all. */
  readonly share: number;
  readonly seed: number;
  /** Of a delay. */
  readonly ms: number;
  /** Of a throttle, for each second; of a truncation, or a reset inside, until it. */
  readonly bytes: number;
}

/** Two to seven, in the order of their times. */
export function drawFaults(random: SeededRandom): Fault[] {
  const faults = Array.from({ length: random.int(2, 7) }, () => drawFault(random, NETWORK, STORM_MS));
  return faults.sort((a, b) => a.at_ms - b.at_ms);
}

export function drawFault(random: SeededRandom, kinds: readonly Fault['kind'][], stormMs: number): Fault {
  const kind = random.pick(kinds);
  return {
    ...{ kind, at_ms: random.int(0, stormMs - 500), for_ms: random.int(100, 3000), direction: random.pick(DIRECTIONS) },
    ...{ share: random.int(2, 10) / 10, seed: random.fork().seed, ms: random.int(20, 900) },
    // Small enough to end inside the head of an answer, inside a sync, and inside a change set.
    bytes: kind === 'throttle' ? random.int(300, 20_000) : random.int(0, random.chance(0.5) ? 800 : 12_000),
  };
}

/** Does the faults to everything that goes through the proxy; gives when all are over. */
export async function blow(proxy: TcpProxy, faults: readonly Fault[], stormMs = STORM_MS): Promise<void> {
  const begun = performance.now();
  const open = new Set<(connection: ProxyConnection) => void>();
  proxy.onAccept = (connection) => {
    for (const strike of open) strike(connection);
  };
  const until = (ms: number) => sleep(Math.max(0, begun + ms - performance.now()));
  await Promise.all(
    faults.map(async (fault) => {
      await until(fault.at_ms);
      const strike = strikeOf(fault);
      for (const connection of proxy.connections) strike(connection);
      open.add(strike);
      setRule(proxy, fault, true);
      await until(Math.min(fault.at_ms + fault.for_ms, stormMs));
      open.delete(strike);
      setRule(proxy, fault, false);
    }),
  );
  await until(stormMs);
  await proxy.accept();
}

/** What it does to one connection. */
function strikeOf({ kind, share, seed, bytes }: Fault): (connection: ProxyConnection) => void {
  const random = new SeededRandom(seed);
  return (connection) => {
    if (!random.chance(share)) return;
    if (kind === 'reset') connection.reset();
    if (kind === 'half-open') connection.leaveHalfOpen();
    if (kind === 'truncate') connection.truncateAfter(bytes);
    if (kind === 'reset-inside') connection.resetAfter(bytes);
  };
}

/** What it does to all of them. */
function setRule(proxy: TcpProxy, { kind, direction, ms, bytes }: Fault, on: boolean): void {
  if (kind === 'delay') proxy.delay(on ? ms : 0, direction);
  if (kind === 'throttle') proxy.throttle(on ? bytes : Infinity, direction);
  if (kind === 'slice') proxy.slice(on, direction);
  if (kind === 'black-hole') proxy[on ? 'hold' : 'release'](direction);
  if (kind === 'lose') proxy.dropServerBytes(() => on);
  if (kind === 'double') proxy.doubleServerBytes(on);
  if (kind === 'refuse' && on) proxy.refuse();
  if (kind === 'refuse' && !on) void proxy.accept();
}
