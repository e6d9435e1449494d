import { DOORS, type Door } from '../../counters/support/crowd.js';
import { type SocketOptions } from '../../support/socket-probe.js';
import { SocketIoProbe } from '../../support/socket-io-client.js';
import { type SyncProbe } from '../../support/sync-probe.js';
import { within } from '../../support/wait.js';

export { type Door } from '../../counters/support/crowd.js';
export const doors = Object.keys(DOORS) as Door[];

/** More at once would be another test. */
const AT_ONCE = 20;

/** So many connections, each with its first sync behind it. */
export async function crowd(count: number, door: Door, options: SocketOptions): Promise<SyncProbe[]> {
  const probes: SyncProbe[] = [];
  while (probes.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - probes.length) }, () => DOORS[door].connect(options));
    probes.push(...(await Promise.all(some)));
  }
  for (const probe of probes) await probe.waitForSync(30_000);
  return probes;
}

/** What a transport has for an end: a close code, or what the stock client of Socket.IO makes of it. */
export const ENDS: Record<Door, { forGood: unknown; forNow: unknown }> = {
  SSE: { forGood: 'end of the stream', forNow: 'end of the stream' },
  'plain WebSocket': { forGood: 4401, forNow: 1012 },
  // It comes back by itself after the second alone.
  'Socket.IO': { forGood: 'io server disconnect', forNow: 'transport close' },
};

export interface Ended {
  reason: string | undefined;
  retryAfterMs: number | null | undefined;
  /** As in `ENDS`. */
  how: unknown;
}

/** Waits until all have been ended by the server. @throws Error where one was not, or broke the protocol before. */
export async function endsOf(probes: readonly SyncProbe[]): Promise<Ended[]> {
  const ends = await within(Promise.all(probes.map((probe) => probe.closed)), 30_000, 'the end of the connections');
  return probes.map((probe, index) => {
    probe.assertInOrder();
    const { by, code, error } = ends[index] ?? { by: 'client' };
    if (by !== 'server') throw new Error(`a connection was ended by the ${by}`, { cause: error });
    const how = probe instanceof SocketIoProbe ? probe.reason : (code ?? 'end of the stream');
    return { reason: probe.goodbye?.reason, retryAfterMs: probe.goodbye?.retry_after_ms, how };
  });
}
