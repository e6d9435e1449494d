import { describe, expect, it } from '@jest/globals';
import { setUp } from './connector-lab.fake.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

async function started(random?: () => number) {
  const lab = setUp(random);
  lab.connector.start();
  await lab.clock.pass(0);
  return lab;
}

async function served(random?: () => number) {
  const lab = await started(random);
  lab.sse.serve();
  return lab;
}

async function beat({ clock, sse }: Awaited<ReturnType<typeof served>>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 15 * SECOND) {
    await clock.pass(15 * SECOND);
    sse.heartbeat();
  }
}

describe('The connection policy', () => {
  it('returns after 0.5 to 1 s at first, then after anything up to a bound that doubles from 1 s to 30 s', async () => {
    const lab = setUp(() => 0.999);
    const all = [lab.sse, lab.socket, lab.poll];
    for (const one of all) one.onOpen = () => one.fail();
    lab.connector.start();
    await lab.clock.pass(3 * MINUTE);
    const at = all.flatMap(lab.times).sort((a, b) => a - b);
    const gaps = at.slice(1).map((time, index) => Math.round((time - (at[index] ?? 0)) / 100) / 10);
    expect(gaps.slice(0, 8)).toEqual([1, 1, 2, 4, 8, 16, 30, 30]);
  });

  it('returns first when `retry:` said, and once only', async () => {
    const lab = await served();
    lab.sse.tell({ type: 'Retry', after_ms: 3000 });
    lab.sse.onOpen = () => lab.sse.fail();
    lab.sse.fail('connection_lost');
    await lab.clock.pass(4 * SECOND);
    expect(lab.times(lab.sse)).toEqual([0, 3000, 3500]);
  });

  it('begins to count anew after a minute of health with one message, and not before', async () => {
    for (const [health, delay] of [
      [30 * SECOND, 500 /* half of the bound of 1 s */],
      [75 * SECOND, 750 /* the first return */],
    ] as const) {
      const lab = await started();
      lab.sse.fail();
      await lab.clock.pass(750);
      lab.sse.serve();
      await beat(lab, health);
      lab.sse.fail('connection_lost');
      await lab.clock.pass(SECOND);
      expect((lab.times(lab.sse)[2] ?? 0) - 750 - health).toBe(delay);
    }
  });

  it('takes the next transport after three failures in a minute, and the first after the last', async () => {
    const lab = await started();
    for (const one of [lab.sse, lab.socket, lab.poll]) one.onOpen = () => one.fail();
    lab.sse.fail();
    await lab.clock.pass(2 * MINUTE);
    const counts = [lab.sse, lab.socket, lab.poll].map(({ opened }) => opened.length);
    expect(counts.slice(0, 2)).not.toContain(0);
    expect(lab.times(lab.sse).filter((at) => at < (lab.times(lab.socket)[0] ?? 0))).toHaveLength(3);
    expect(lab.times(lab.sse).length).toBeGreaterThan(3);
  });

  it('takes the next transport at once where headers came and for 10 s no byte', async () => {
    const lab = await started();
    lab.sse.tell({ type: 'Opened' });
    await lab.clock.pass(9999);
    expect(lab.codes).toEqual([]);
    await lab.clock.pass(SECOND);
    expect([lab.codes, lab.sse.isOpen, lab.socket.isOpen]).toEqual([['buffered'], false, true]);
  });

  it('takes 40 s without a byte, and 75 s without a heartbeat, for an end', async () => {
    const silent = await served();
    await silent.clock.pass(39_999);
    expect(silent.codes).toEqual([]);
    await silent.clock.pass(1);
    expect(silent.codes).toEqual(['silent']);

    const pinged = await served();
    for (let pings = 0; pings < 4; pings += 1) {
      await pinged.clock.pass(15 * SECOND);
      pinged.sse.tell({ type: 'Heard' });
    }
    await pinged.clock.pass(14_999);
    expect(pinged.codes).toEqual([]);
    await pinged.clock.pass(1);
    expect(pinged.codes).toEqual(['silent']);
  });

  it('obeys Goodbye and Retry-After', async () => {
    const told = await served();
    told.sse.goodbye(20_000);
    expect(told.sse.isOpen).toBe(false);
    await told.clock.pass(MINUTE);
    expect(told.times(told.sse)[1]).toBe(20_000);

    const asked = await started();
    asked.sse.fail('http_status', { retry_after_ms: 8000 });
    await asked.clock.pass(10 * SECOND);
    expect(asked.times(asked.sse)[1]).toBe(9000);
  });

  it.each(['unauthorized', 'Goodbye'])('reports %s once, and tries every 2.5 to 5 minutes for ever', async (how) => {
    const lab = await served();
    const refuse = () => (how === 'Goodbye' ? (lab.sse.serve(), lab.sse.goodbye(null)) : lab.sse.fail('unauthorized'));
    lab.sse.onOpen = refuse;
    if (how === 'Goodbye') lab.sse.goodbye(null);
    else refuse();
    await lab.clock.pass(60 * MINUTE);
    const at = lab.times(lab.sse);
    expect(at.slice(1).every((time, index) => time - (at[index] ?? 0) === 225 * SECOND)).toBe(true);
    expect(at.length).toBeGreaterThan(15);
    // A server that serves and refuses by turns is news each time; one that only refuses is not.
    expect(lab.codes).toEqual(how === 'unauthorized' ? ['unauthorized'] : at.map(() => 'unauthorized'));
  });

  it('polls where a door is not there', async () => {
    const lab = await started();
    lab.sse.fail('not_found', { status: 404 });
    await lab.clock.pass(SECOND);
    expect([lab.socket.opened.length, lab.poll.opened.length]).toEqual([0, 1]);
  });

  it('drops a connection with a malformed message, and comes back without the cursor', async () => {
    const lab = await served();
    lab.sse.message({ type: 'FlagCreated', data: {}, id: 'c2' });
    expect([lab.sse.isOpen, lab.codes]).toEqual([false, ['malformed_message']]);
    await lab.clock.pass(SECOND);
    expect(lab.sse.opened.map(({ cursor }) => cursor)).toEqual(['none', 'none']);
  });

  it('comes back with the cursor after any other end', async () => {
    const lab = await served();
    lab.sse.fail('connection_lost');
    await lab.clock.pass(SECOND);
    expect(lab.sse.opened.map(({ cursor }) => cursor)).toEqual(['none', 'c1']);
  });

  it('polls at its interval, and looks every five minutes whether a better transport has come back', async () => {
    const lab = await started();
    lab.sse.onOpen = () => lab.sse.fail();
    lab.poll.onOpen = () => {
      lab.poll.tell({ type: 'Unchanged', asked: 'none' });
      lab.poll.tell({ type: 'Ended', failure: null });
    };
    lab.sse.fail('not_found');
    await lab.clock.pass(6 * MINUTE);
    expect(lab.poll.opened.length).toBe(12);
    expect([lab.sse.opened.length, lab.codes]).toEqual([2, ['not_found']]);
    lab.sse.onOpen = () => lab.sse.serve();
    lab.socket.onOpen = () => lab.socket.fail();
    const before = lab.poll.opened.length;
    await lab.clock.pass(10 * MINUTE);
    // Opened as a probe, and then as the connection; the polls have ended.
    expect([lab.sse.isOpen, lab.poll.isOpen]).toEqual([true, false]);
    expect(lab.poll.opened.length).toBeGreaterThan(before);
  });

  it('lets a poll wait for news only where what is held is known to be current', async () => {
    const lab = await started();
    const answers = () => {
      lab.poll.tell({ type: 'Unchanged', asked: 'none' });
      lab.poll.tell({ type: 'Ended', failure: null });
    };
    lab.poll.onOpen = answers;
    lab.sse.fail('not_found');
    await lab.clock.pass(31 * SECOND);
    lab.poll.onOpen = () => lab.poll.fail();
    await lab.clock.pass(30 * SECOND);
    lab.poll.onOpen = answers;
    await lab.clock.pass(31 * SECOND);
    expect(lab.poll.opened.map(({ wait }) => wait)).toEqual([false, true, true, false, true]);
  });

  it('begins nothing while the tab is hidden, and keeps what is open', async () => {
    const lab = await served();
    lab.connector.hidden(true);
    expect(lab.sse.isOpen).toBe(true);
    lab.sse.fail('connection_lost');
    await lab.clock.pass(60 * MINUTE);
    expect([lab.sse.opened.length, lab.clock.pending]).toEqual([1, 0]);
    lab.connector.hidden(false);
    await lab.clock.pass(SECOND);
    expect(lab.sse.opened.length).toBe(2);
  });

  it('lets go what is open when the network goes, and is back within a second of its return', async () => {
    const lab = await served();
    lab.connector.offline(true);
    expect([lab.sse.isOpen, lab.clock.pending]).toEqual([false, 0]);
    await lab.clock.pass(60 * MINUTE);
    expect(lab.sse.opened.length).toBe(1);
    lab.connector.offline(false);
    await lab.clock.pass(SECOND);
    expect(lab.sse.opened.length).toBe(2);
  });

  it('leaves nothing at its end, whatever was under way', async () => {
    for (const lab of [await served(), await started(), setUp()]) {
      const before = lab.sse.opened.length;
      lab.connector.close();
      await lab.clock.pass(60 * MINUTE);
      const open = [lab.sse, lab.socket, lab.poll].filter(({ isOpen }) => isOpen);
      expect([open, lab.clock.pending, lab.sse.opened.length]).toEqual([[], 0, before]);
      lab.connector.start();
      expect(lab.clock.pending).toBe(0);
    }
  });

  it('opens nothing where it was closed while it waited for its credential', async () => {
    const lab = setUp();
    lab.connector.start();
    lab.connector.close();
    await lab.clock.pass(SECOND);
    expect([lab.sse.opened, lab.clock.pending]).toEqual([[], 0]);
  });

  it('says that there is no ticket, and asks again', async () => {
    let asked = 0;
    const lab = setUp(undefined, () => ((asked += 1) === 1 ? Promise.reject(new Error('503')) : { key: 'k' }));
    lab.connector.start();
    await lab.clock.pass(SECOND);
    expect([lab.codes, asked, lab.sse.opened.length]).toEqual([['ticket_failed'], 2, 1]);
  });
});
