import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Pulse } from '../../src/sync/pulse.js';
import { HubBench } from './hub-bench.js';

const HEARTBEAT_MS = 30_000;
const PING_MS = 15_000;

describe('defect 20: with a clock', () => {
  let bench: HubBench;
  let pulse: Pulse;

  /** Both clocks: that of the timers, and that of the product. */
  function pass(ms: number): void {
    bench.clock.time += ms;
    jest.advanceTimersByTime(ms);
  }

  beforeEach(() => {
    jest.useFakeTimers();
    bench = new HubBench();
    pulse = new Pulse(bench.hub, bench.feed, bench.clock, bench.config);
    pulse.onApplicationBootstrap();
  });
  afterEach(() => {
    pulse.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('every idle connection gets a heartbeat in thirty seconds, with its cursor and the age of what it knows', () => {
    const connections = Array.from({ length: 20 }, () => bench.live());
    bench.feed.age = 120;
    pass(HEARTBEAT_MS);
    for (const { outlet } of connections) {
      expect(outlet.messages).toEqual([
        { id: 'epoch001.0.m00000', type: 'Heartbeat', data: { timestamp: expect.any(Number), age_ms: 120 } },
      ]);
    }
    pass(HEARTBEAT_MS);
    expect(connections.map(({ outlet }) => outlet.messages.length)).toEqual(connections.map(() => 2));
  });

  it('every idle connection gets a comment in fifteen seconds, before a proxy takes it for dead', () => {
    const connections = Array.from({ length: 20 }, () => bench.live());
    pass(PING_MS);
    expect(connections.map(({ outlet }) => outlet.blocks.filter(({ isPing }) => isPing).length)).toEqual(
      connections.map(() => 1),
    );
  });
});
