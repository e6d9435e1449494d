import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { eventually } from '../../support/wait.js';
import { Cluster, DATABASE_SILENCE_MS } from './cluster.js';
import { inflict, silentUntil } from './inflict.js';
import { drawSchedule, type Fault } from './schedule.js';

const MINUTE = 60_000;
const HALF_AN_HOUR = 30 * MINUTE;
const PATIENCE = { timeoutMs: 20_000, intervalMs: 20 };
const calm = { ...drawSchedule(1), for_ms: 100, faults: [] };
const odd = { share: 1, seed: 1, ms: 0, bytes: 0, direction: undefined };

describe('A fault of a schedule', () => {
  let cluster: Cluster;
  let flags = 0;
  const node = () => cluster.node(0);

  beforeAll(async () => {
    cluster = await Cluster.start();
    await node().server.admin.createFlag('one');
  }, 2 * MINUTE);
  afterAll(() => cluster.stop(), MINUTE);

  /** Until `seen` holds while it goes on; then until it is over. */
  async function expectDuring(fault: Fault, seen: () => unknown): Promise<void> {
    const bystanders = { stall: () => undefined, restore: async () => undefined };
    const over = inflict(cluster, { ...calm, faults: [fault] }, bystanders);
    await eventually(async () => {
      expect(await seen()).toBe(true);
    }, PATIENCE);
    await over;
  }

  async function write(): Promise<number> {
    flags += 1;
    return (await node().server.admin.request('PATCH', '/api/projects/default/flags/one', { description: `${flags}` })).status;
  }

  const answers = () => eventually(async () => expect(await write()).toBe(200), PATIENCE);

  it('kills a node, and starts it again', async () => {
    const { pid } = node().server;
    await expectDuring({ on: 'node', node: 0, kind: 'node-killed', at_ms: 0, for_ms: 500 }, () => !node().server.isRunning);
    expect(node().server.pid).not.toBe(pid);
    await answers();
  });

  it('stops a node, and lets it go on', async () => {
    const state = () => /\) (\w) /.exec(readFileSync(`/proc/${node().server.pid}/stat`, 'utf8'))?.[1];
    await expectDuring({ on: 'node', node: 0, kind: 'node-stopped', at_ms: 0, for_ms: 1000 }, () => state() === 'T');
    expect(state()).not.toBe('T');
  });

  it('sets the clock of a node wrong', async () => {
    await expectDuring({ on: 'node', node: 0, kind: 'clock-off', at_ms: 0, for_ms: 100 }, async () => {
      expect(await write()).toBe(200);
      const { body } = await node().server.admin.getEnv('one', 'production');
      return Math.abs(Date.parse(body.metadata.updated_at) - Date.now()) > HALF_AN_HOUR;
    });
  });

  it('cuts a node off from its database, and lets it back', async () => {
    await expectDuring({ on: 'node', node: 0, kind: 'cut-off', at_ms: 0, for_ms: 3000 }, async () => (await write()) === 503);
    await answers();
  });

  it('fills the disk, and makes room', async () => {
    await expectDuring({ on: 'cluster', kind: 'disk-full', at_ms: 0, for_ms: 3000 }, async () => (await write()) === 507);
    await answers();
  });

  it.each(['lose', 'double'] as const)('can make wake-ups %s', async (kind) => {
    const fault = { ...odd, kind, at_ms: 0, for_ms: 4000 };
    const passed = () => {
      const lanes = node().links['wake-ups'].connections.map(({ toClient }) => toClient);
      const [gone, through] = [
        lanes.reduce((sum, { dropped }) => sum + dropped, 0),
        lanes.reduce((sum, one) => sum + one.passed, 0),
      ];
      return { gone, through };
    };
    const schedule = { ...calm, for_ms: 4000, faults: [{ on: 'wake-ups', node: 0, fault } as const] };
    await answers();
    const plain = passed();
    await answers();
    const one = passed().through - plain.through;
    const over = inflict(cluster, schedule, { stall: () => undefined, restore: async () => undefined });
    const before = passed();
    await answers();
    await eventually(() => {
      const { gone, through } = passed();
      expect(kind === 'lose' ? gone > before.gone : through - before.through >= 2 * one && one > 0).toBe(true);
    }, PATIENCE);
    await over;
  });

  it('kills the database, and starts it again', async () => {
    const { pid } = cluster.postgres;
    await expectDuring({ on: 'cluster', kind: 'database-killed', at_ms: 0, for_ms: 1000 }, () => cluster.postgres.pid !== pid);
    expect(cluster.postgres.pid).toBeDefined();
    await answers();
  });

  it('puts an older state back', async () => {
    let found = 0;
    const restore = async () => void (found = (await cluster.database.restore('default', 'production')).rows.length);
    const fault = { on: 'cluster', kind: 'restore', at_ms: 0, for_ms: 3000 } as const;
    const over = inflict(cluster, { ...calm, faults: [fault] }, { stall: () => undefined, restore });
    const writesUntil = performance.now() + 2000;
    while (performance.now() < writesUntil) await answers();
    await over;
    const { log } = await cluster.database.read('default', 'production');
    expect(log.rows.length).toBeGreaterThan(0);
    expect(found).toBeGreaterThan(log.rows.length);
  });
});

describe('A node whose database fell silent', () => {
  const stop = (node: number, at_ms: number) => ({ on: 'node', node, kind: 'node-stopped', at_ms, for_ms: 1400 }) as const;

  it('has noticed when it has waited for an answer', () => {
    expect(silentUntil(1, 1000, [])).toBe(1000 + DATABASE_SILENCE_MS);
    expect(silentUntil(1, 1000, [stop(0, 900), stop(1, 1000 + DATABASE_SILENCE_MS)])).toBe(1000 + DATABASE_SILENCE_MS);
  });

  it('has noticed so long after it goes on, where it was stopped meanwhile', () => {
    expect(silentUntil(1, 1000, [stop(1, 900)])).toBe(900 + 1400 + DATABASE_SILENCE_MS);
    expect(silentUntil(1, 1000, [stop(1, 2000), stop(0, 2500)])).toBe(2000 + 1400 + DATABASE_SILENCE_MS);
  });
});
