import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { skipIf } from '../support/skip-if.js';
import { useServers } from '../support/use-servers.js';
import { CHANGES, closeAll, Crowd, type Door, DOORS, growth, QUIET } from './support/crowd.js';

const onLinux = skipIf(!existsSync('/proc/self/io'), 'only Linux counts the system calls of a process');
const startServer = useServers();
const CLIENTS = 50;
/** How many write calls more one commit of SQLite may take than another: its pages fill up. */
const COMMIT_DIFFERS = 4;

/** Every call that writes: to sockets, to the database, to wake the event loop. */
function writeCallsOf(pid: number): number {
  const counted = /^syscw: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1];
  if (counted === undefined) throw new Error('the kernel does not count write calls');
  return Number(counted);
}

type Clients = Awaited<ReturnType<Crowd['connect']>>;

/** Write calls of the same changes for twice as many clients, less those for half of them. */
async function callsForMore(door: Door, change: (crowd: Crowd, clients: Clients) => Promise<void>): Promise<number> {
  const crowd = await Crowd.of(await startServer({ env: QUIET }));
  const writeCalls = () => writeCallsOf(crowd.server.pid);
  const some = await crowd.connect(CLIENTS, door);
  const few = await growth(writeCalls, () => change(crowd, some));
  const all = [...some, ...(await crowd.connect(CLIENTS, door))];
  const many = await growth(writeCalls, () => change(crowd, all));
  await closeAll(all);
  return many - few;
}

onLinux.describe('a delivery', () => {
  // Between two crowds, so that what a change costs by itself (its commit, its answer) drops out.
  it.each(Object.keys(DOORS) as Door[])('is one write call at most over %s', async (door) => {
    const calls = await callsForMore(door, (crowd, clients) => crowd.makeChanges(clients));
    expect(calls).toBeLessThanOrEqual((CLIENTS + COMMIT_DIFFERS) * CHANGES);
  });

  it.each(Object.keys(DOORS) as Door[])(
    'of changes that come ten at a time is less than a quarter of a write call over %s',
    async (door) => {
      const calls = await callsForMore(door, (crowd, clients) => crowd.makeBursts(clients));
      expect(calls).toBeLessThanOrEqual((CLIENTS / 4 + COMMIT_DIFFERS) * CHANGES);
    },
  );
});
