import { expect } from '@jest/globals';
import { poll } from '../../support/poll-client.js';
import { type TestServer } from '../../support/server.js';
import { eventually } from '../../support/wait.js';
import { type Follower, stockClients, type StockOptions, type Visit } from './stock-follower.js';

export const PATIENCE = { timeoutMs: 30_000, intervalMs: 50 };

const open: Follower[] = [];

/** The three stock clients, until `closeFollowers`. */
export function follow(options: StockOptions): Follower[] {
  const followers = stockClients(options);
  open.push(...followers);
  return followers;
}

export function closeFollowers(): void {
  for (const follower of open.splice(0)) follower.close();
}

/** Every client has what the database has, and was told in order. */
export async function expectTruth(server: TestServer, key: string, followers: readonly Follower[], syncs = 1): Promise<void> {
  const { flags, cursor } = (await poll({ url: server.url, key })).json() as { flags: { id: string }[]; cursor: string };
  const truth = new Map(flags.map((flag) => [flag.id, flag]));
  for (const follower of followers) {
    const isThere = () => follower.cursor === cursor && follower.modes.length >= syncs;
    await eventually(isThere, { ...PATIENCE, what: `${follower.name} at ${cursor} in sync ${syncs}` });
    expect([follower.name, follower.checker.state]).toEqual([follower.name, truth]);
    expect([follower.name, follower.allFaults()]).toEqual([follower.name, []]);
  }
}

export const eachSays = <T>(what: T): T[] => [what, what, what];

/** What each client is told of an end: the plain one a code, Socket.IO's whether it comes back, an EventSource nothing. */
export function ended(words: string[], code: number, how = 'transport close'): Visit[] {
  return [words, [...words, how], [...words, String(code)]];
}
