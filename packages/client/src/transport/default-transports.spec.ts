import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { defaultTransports, type TransportOptions } from './default-transports.js';

const names = (options: TransportOptions) =>
  defaultTransports({ url: 'http://flags', flags: null }, options).map(({ name }) => name);
const GIVEN = { WebSocket };

describe('The transports, where none are named,', () => {
  it('are SSE, WebSocket, long poll and poll, in this order', () => {
    expect(names({ credential: 'key', ...GIVEN })).toEqual(['sse', 'websocket', 'long-poll', 'poll']);
  });

  it('of a ticket are without polls, which take none', () => {
    expect(names({ credential: 'ticket', ...GIVEN })).toEqual(['sse', 'websocket']);
  });

  it('have a WebSocket only where the runtime has one, or one is given', () => {
    const own = 'WebSocket' in globalThis ? ['websocket'] : [];
    expect(names({ credential: 'key' })).toEqual(['sse', ...own, 'long-poll', 'poll']);
  });
});
