import { afterEach, describe, expect, it } from '@jest/globals';
import { useLabs, user } from './evaluated-lab.fake.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const { live, closeAll } = useLabs();

afterEach(closeAll);

describe('The context', () => {
  it('keeps the old values, marked, until those of the new one are there', async () => {
    const lab = await live();
    lab.server.isHolding = true;
    const changed = lab.client.setContext(user('bob'));
    expect(lab.who()).toMatchObject({ value: 'ann', reason: 'STALE' });
    expect(lab.client.status.state).toBe('syncing');
    await lab.pass(0);
    expect(lab.server.asked[1]).toMatchObject({ context: user('bob'), tag: null, seen: lab.server.cursor });
    lab.server.asked[1]?.answer();
    await lab.pass(0);
    await changed;
    expect(lab.who()).toMatchObject({ value: 'bob', reason: 'TARGETING_MATCH' });
    expect([lab.client.status.state, lab.server.opened.length]).toEqual(['live', 1]);
  });

  it('is the last of several that are set together: the others are never asked for', async () => {
    const lab = await live();
    const all = ['bob', 'cid', 'dan'].map((name) => lab.client.setContext(user(name)));
    await lab.pass(0);
    await Promise.all(all);
    expect([lab.server.asked.map(({ context }) => context['targetingKey']), lab.who().value]).toEqual([['ann', 'dan'], 'dan']);
  });

  it('has no use for an answer to another one, whenever that comes', async () => {
    const lab = await live();
    lab.server.isHolding = true;
    void lab.client.setContext(user('bob'));
    await lab.pass(0);
    void lab.client.setContext(user('cid'));
    await lab.pass(0);
    expect(lab.server.asked[1]?.isAborted).toBe(true);
    lab.server.asked[2]?.answer();
    await lab.pass(0);
    lab.server.asked[1]?.answer();
    await lab.pass(0);
    expect(lab.who()).toMatchObject({ value: 'cid', reason: 'TARGETING_MATCH' });
  });

  it('is compared by its content, and taken as it was', async () => {
    const lab = await live({ context: { targetingKey: 'ann', plan: { a: 1, b: 2 } } });
    const given: { targetingKey: string; plan: object } = { plan: { b: 2, a: 1 }, targetingKey: 'ann' };
    await lab.client.setContext(given);
    expect(lab.server.asked).toHaveLength(1);
    given.targetingKey = 'bob';
    lab.server.change();
    await lab.pass(0);
    expect(lab.server.asked[1]?.context).toEqual({ targetingKey: 'ann', plan: { a: 1, b: 2 } });
  });

  it('that was shown before needs no other values where they have not come yet', async () => {
    const lab = await live();
    lab.server.isHolding = true;
    void lab.client.setContext(user('bob'));
    void lab.client.setContext(user('ann'));
    expect(lab.who()).toMatchObject({ value: 'ann', reason: 'TARGETING_MATCH' });
    await lab.pass(0);
    lab.server.isHolding = false;
    lab.server.asked.at(-1)?.answer();
    await lab.pass(0);
    expect(lab.client.status.state).toBe('live');
  });

  it('that the server cannot read is told, and asked for no more; the next one is', async () => {
    const lab = await live();
    lab.server.instead = { status: 400, body: '{"errorCode":"INVALID_CONTEXT","errorDetails":"no"}' };
    const refused = lab.client.setContext({ targetingKey: 'bad' });
    const outcome = refused.catch(({ code }: { code: string }) => code);
    await lab.pass(0);
    expect([await outcome, lab.errors]).toEqual(['context_refused', ['context_refused']]);
    await lab.pass(60 * MINUTE);
    expect([lab.server.asked.length, lab.client.status.state]).toEqual([2, 'stale']);
    expect(lab.who()).toMatchObject({ value: 'ann', reason: 'STALE' });
    lab.server.instead = null;
    const next = lab.client.setContext(user('bob'));
    await lab.pass(0);
    await next;
    expect([lab.who().value, lab.client.status.state]).toEqual(['bob', 'live']);
  });

  it.each([[null], [[1]], ['ann'], [Object.assign({}, { n: 1n })]])('has to be an object of JSON: not %p', async (context) => {
    const lab = await live();
    expect(() => lab.client.setContext(context as never)).toThrow(expect.objectContaining({ code: 'options_invalid' }));
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => lab.client.setContext(cycle)).toThrow(expect.objectContaining({ code: 'options_invalid' }));
  });

  it('that does not come in time rejects, and comes later', async () => {
    const lab = await live();
    lab.server.isAway = true;
    lab.server.break();
    const outcome = lab.client.setContext(user('bob'), { timeout_ms: 500 }).catch(({ code }: { code: string }) => code);
    await lab.pass(SECOND);
    expect([await outcome, lab.who().reason]).toEqual(['wait_timeout', 'STALE']);
    lab.server.isAway = false;
    await lab.pass(MINUTE);
    expect(lab.who()).toMatchObject({ value: 'bob', reason: 'TARGETING_MATCH' });
  });
});
