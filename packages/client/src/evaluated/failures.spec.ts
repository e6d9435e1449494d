import { afterEach, describe, expect, it } from '@jest/globals';
import { useLabs, user } from './evaluated-lab.fake.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const { live, make, closeAll } = useLabs();

afterEach(closeAll);

describe('What fails', () => {
  it('is obeyed where it says when to come back (429), not before, and not all at once', async () => {
    const lab = make();
    lab.server.instead = { status: 429, headers: { 'retry-after': '20' } };
    await lab.pass(0);
    await lab.pass(19 * SECOND);
    expect([lab.server.asked.length, lab.errors]).toEqual([1, ['http_status']]);
    lab.server.instead = null;
    await lab.pass(4 * SECOND);
    expect([lab.server.asked.map(({ at }) => at), lab.client.status.state]).toEqual([[0, 22.5 * SECOND], 'live']);
  });

  it.each([401, 403])('is told once where the key is refused (%i), and tried again after minutes', async (status) => {
    const lab = await live();
    lab.server.instead = { status, headers: { 'content-type': 'application/problem+json' }, body: '{"code":"revoked_key"}' };
    lab.server.open[0]?.send('data: {"type":"Goodbye","data":{"reason":"key_revoked","retry_after_ms":null}}\n\n');
    await lab.pass(20 * MINUTE);
    expect(lab.errors).toEqual(['unauthorized']);
    expect(lab.server.asked.length).toBeLessThan(8);
    expect([lab.client.status.state, lab.client.value('who', '')]).toEqual(['stale', 'ann']);
  });

  it('of the network is tried again, ever further apart', async () => {
    const lab = make();
    lab.server.isAway = true;
    await lab.pass(10 * MINUTE);
    expect([lab.client.status.state, new Set(lab.errors)]).toEqual(['connecting', new Set(['connection_failed'])]);
    expect(lab.errors.length).toBeLessThan(60);
    lab.server.isAway = false;
    await lab.pass(MINUTE);
    expect(lab.client.status.state).toBe('live');
  });

  it('ends in polls where no stream is named, with tags, and in a stream once there is one', async () => {
    const lab = make();
    lab.server.hasStreams = false;
    await lab.pass(0);
    await lab.pass(SECOND);
    expect([lab.client.status.state, lab.client.status.transport, lab.errors]).toEqual(['polling', 'poll', ['not_found']]);
    lab.server.change();
    await lab.pass(2 * MINUTE);
    expect([lab.client.value('revision', 0), lab.server.asked.length]).toEqual([2, 6]);
    expect(lab.server.asked.at(-1)?.tag).toContain(lab.server.cursor);
    void lab.client.setContext(user('bob'));
    await lab.pass(0);
    expect([lab.who().value, lab.server.asked.length]).toEqual(['bob', 7]);
    lab.server.hasStreams = true;
    lab.server.day = 2;
    await lab.pass(7 * MINUTE);
    expect([lab.client.status.state, lab.server.open.length]).toEqual(['live', 1]);
  });

  it('ends in polls where nothing comes through the stream', async () => {
    const lab = make();
    lab.server.isBuffered = true;
    await lab.pass(0);
    await lab.pass(15 * SECOND);
    expect([lab.client.status.state, lab.errors]).toEqual(['polling', ['buffered']]);
    lab.server.isBuffered = false;
    await lab.pass(6 * MINUTE);
    expect([lab.client.status.state, lab.server.open.length]).toEqual(['live', 1]);
  });

  it('is an answer that cannot be read, which changes nothing', async () => {
    const lab = await live();
    for (const body of ['nonsense', '[]', '{}', '{"flags":[{"value":1}]}', '{"flags":{}}']) {
      lab.server.instead = { status: 200, body };
      lab.server.change();
      await lab.pass(0);
      expect([lab.errors.pop(), lab.who().value]).toEqual(['malformed_answer', 'ann']);
      lab.server.instead = null;
      await lab.pass(3 * MINUTE);
    }
  });

  it('is a question that nobody answers, which is given up after 10 s', async () => {
    const lab = await live();
    lab.server.isHolding = true;
    lab.server.change();
    await lab.pass(9 * SECOND);
    expect([lab.errors, lab.client.status.state]).toEqual([[], 'live']);
    await lab.pass(2 * SECOND);
    expect([lab.errors, lab.client.status.state]).toEqual([['silent'], 'syncing']);
    lab.server.isHolding = false;
    lab.server.asked.at(-1)?.answer();
    await lab.pass(0);
    expect([lab.client.value('revision', 0), lab.client.status.state]).toEqual([2, 'live']);
  });
});
