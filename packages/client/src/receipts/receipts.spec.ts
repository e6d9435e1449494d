import { describe, expect, it } from '@jest/globals';
import { at, flag, makeLab } from '../api/client-lab.fake.js';
import { type FlagSyncClientOptions } from '../api/options.js';

const EVERY = 1000;

/** A live client at revision 1, whose server wants to hear of it. */
async function lab(asked: object = { ack_every_ms: EVERY }, options: Partial<FlagSyncClientOptions> = {}) {
  const made = makeLab(options);
  await made.pass(0);
  const { sse } = made;
  sse.tell({ type: 'Opened' });
  sse.message({ type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1, ...asked }, id: 'none' });
  sse.message({ type: 'FlagUpdated', data: flag('a'), id: 'none' });
  sse.message({ type: 'SyncComplete', data: { flag_count: 1 }, id: at(1) });
  await made.pass(0);
  const said = () => sse.receipts.map(({ id, waited_ms, at: time }) => [id, waited_ms, time]);
  return { ...made, said };
}

const updated = (version: number) => ({ type: 'FlagUpdated', data: flag('a', {}, version) });

describe('What has been applied', () => {
  it('is acknowledged on its connection, at a random moment of the time that the server names, with how long ago it was', async () => {
    const { sse, pass, said } = await lab({ ack_every_ms: EVERY }, { random: () => 0.25 });
    await pass(249);
    expect(said()).toEqual([]);
    await pass(1);
    expect(sse.receipts).toEqual([{ connection_id: 'c', id: at(1), waited_ms: 250, at: 250 }]);
    await pass(10 * EVERY);
    expect(said()).toHaveLength(1);
  });

  it('is acknowledged once in that time at most, the newest alone', async () => {
    const { change, pass, said } = await lab();
    for (let revision = 2; revision <= 101; revision += 1) {
      change(revision, updated(revision));
      await pass(100);
    }
    await pass(2 * EVERY);
    const times = said().map(([, , time]) => Number(time));
    expect(times.slice(1).every((time, index) => time - times[index]! >= EVERY)).toBe(true);
    expect(times.length).toBeGreaterThanOrEqual(6);
    expect(said().at(-1)?.[0]).toBe(at(101));
  });

  it('is whole change sets alone, and no flag of a sync that has not ended', async () => {
    const { sse, pass, said } = await lab();
    await pass(EVERY);
    sse.message({ ...updated(2), id: at(1), more: true });
    await pass(5 * EVERY);
    expect(said().map(([id]) => id)).toEqual([at(1)]);
    sse.message({ ...updated(3), id: at(2) });
    sse.message({
      type: 'SyncStarted',
      data: { mode: 'full', connection_id: 'c', protocol: 1, ack_every_ms: EVERY },
      id: 'none',
    });
    sse.message({ type: 'FlagUpdated', data: flag('a', {}, 9), id: 'none' });
    await pass(5 * EVERY);
    expect(said().map(([id]) => id)).toEqual([at(1), at(2)]);
  });

  it('is said again, not soon, where the server did not hear it, and then the newest', async () => {
    const { sse, change, pass, said } = await lab();
    sse.onReceipt = () => Promise.reject(new Error('503'));
    await pass(500);
    change(2, updated(2));
    sse.onReceipt = () => Promise.resolve();
    await pass(5499);
    expect(said()).toEqual([[at(1), 500, 500]]);
    await pass(1);
    expect(said()).toEqual([
      [at(1), 500, 500],
      [at(2), 5500, 6000],
    ]);
  });

  it('is not said while the server takes its time, and ten seconds are enough', async () => {
    const { sse, change, pass, said } = await lab();
    sse.onReceipt = () => new Promise(() => undefined);
    await pass(500);
    for (let revision = 2; revision < 9; revision += 1) {
      change(revision, updated(revision));
      await pass(EVERY);
    }
    expect(said()).toHaveLength(1);
  });

  it.each([{}, { ack_every_ms: 0 }, { ack_every_ms: '5' }, { ack_every_ms: 5, connection_id: 7 }])(
    'stays unsaid where the server says %j',
    async (asked) => {
      const { pass, said } = await lab(asked);
      await pass(60_000);
      expect(said()).toEqual([]);
    },
  );

  it('is not said without end to a server that asks for that', async () => {
    const { change, pass, said } = await lab({ ack_every_ms: 0.001 });
    for (let revision = 2; revision <= 201; revision += 1) {
      change(revision, updated(revision));
      await pass(5);
    }
    expect(said().length).toBeLessThanOrEqual(10);
  });

  it('is of the connection that is open: none of an older one is said, and after `close` nothing', async () => {
    const { sse, client, clock, pass, said } = await lab();
    sse.fail('connection_lost');
    await pass(750);
    expect([sse.opened.length, said()]).toEqual([2, []]);
    sse.tell({ type: 'Opened' });
    sse.message({
      type: 'SyncStarted',
      data: { mode: 'delta', connection_id: 'd', protocol: 1, ack_every_ms: EVERY },
      id: at(1),
    });
    sse.message({ type: 'SyncComplete', data: { flag_count: 1 }, id: at(1) });
    await pass(EVERY);
    expect(sse.receipts.map(({ connection_id }) => connection_id)).toEqual(['d']);
    sse.message({ type: 'Heartbeat', data: { timestamp: 1, age_ms: 0 }, id: at(2) });
    await client.close();
    expect(clock.pending).toBe(0);
    await pass(10 * EVERY);
    expect(said()).toHaveLength(1);
  });
});
