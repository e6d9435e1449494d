import { describe, expect, it } from '@jest/globals';
import { connections, type NodeCount, propagation } from './merge.js';
import { type Count } from './row.js';

const count = (more: Partial<Count> = {}): Count => ({
  ...{ epoch: 'epoch001', revision: 7, transports: {}, standings: [], older: 0, delays: [], laggards: [], pollers: [] },
  ...more,
});
const node = (name: string, more: Partial<Count> | null, ageMs = 0): NodeCount => ({
  ...{ id: name, name, ageMs, count: more === null ? null : count(more) },
});
const asked = { epoch: 'epoch001', revision: 7, cursor: 'epoch001.7.m00007', committedAt: null };
const ask = (fresh: NodeCount[], missing: NodeCount[] = []) => propagation(asked, { fresh, missing, now: 1_000_000 });

describe('What nodes know, added up', () => {
  it('is how many have a revision or a later one, and how many of these said so', () => {
    const a = node('a', { standings: [[8, 1, 1], [7, 4, 2], [6, 3, 3]], older: 2 }); // prettier-ignore
    const { clients, complete } = ask([a, node('b', null)]);
    expect(clients).toEqual({ connected: 10, have: 5, behind: 5, acknowledged: 3, polling: 0 });
    expect(complete).toBe(false);
  });

  it('is complete only when no node is missing', () => {
    const a = node('a', { standings: [[7, 4, 4]] });
    expect(ask([a]).complete).toBe(true);
    const { complete, missing } = ask([a], [node('b', { standings: [[6, 9, 0]] }, 8000)]);
    expect(complete).toBe(false);
    expect(missing).toEqual([{ node: 'b', node_id: 'b', clients: 9, last_seen: '1970-01-01T00:16:32.000Z' }]);
  });

  it('counts nobody who is in another history', () => {
    expect(ask([node('a', { epoch: 'epoch002', revision: 9, standings: [[9, 4, 4]] })]).clients).toMatchObject({
      have: 0,
      behind: 4,
    });
  });

  it('has a poller once, by the node that it asked last', () => {
    const a = node('a', { pollers: [['p', 6, 5000]] });
    const b = node('b', { pollers: [['p', 7, 100]] }, 900);
    expect(ask([a, b])).toMatchObject({ complete: true, clients: { connected: 1, have: 1, polling: 1 }, behind: [] });
    const { total, nodes } = connections({ fresh: [a, b], missing: [], now: 0 });
    expect([total, nodes.map((of) => of.total)]).toEqual([1, [0, 1]]);
  });

  it('has the quantiles of all delays together', () => {
    const delays = (at: number, clients: number): Count['delays'] => [
      { revision: 7, commit_to_read_ms: 2, max_ms: at, buckets: [[at, clients]] },
    ];
    const { delay_ms } = ask([node('a', { delays: delays(10, 98) }), node('b', { delays: delays(40, 2) })]);
    expect(delay_ms).toEqual({ p50: 10.5, p99: 40, max: 40, clients: 100 });
  });
});
