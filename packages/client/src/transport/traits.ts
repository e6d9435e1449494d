import { type Traits } from './transport.js';

/** For a server to answer at all, and for the first byte after its headers. */
export const ANSWER_MS = 10_000;
/** Below the half minute after which the proxies of the world give up. */
export const LONG_POLL_WAIT_S = 25;

/** Of pings between two Heartbeats only a stream that is read byte by byte is told: no WebSocket and no EventSource shows them. */
export const STREAM = { kind: 'stream', answers_within_ms: ANSWER_MS, interval_ms: 0, quiet_ms: 30_000 } as const;

// Apart from the transports themselves: the policy has to know them before their code is loaded.
export const SSE = { name: 'sse', ...STREAM, quiet_ms: 15_000 } as const satisfies Traits;
export const WEB_SOCKET = { name: 'websocket', ...STREAM } as const satisfies Traits;
export const LONG_POLL = {
  ...{ name: 'long-poll', kind: 'poll', interval_ms: 0, quiet_ms: 0 },
  answers_within_ms: LONG_POLL_WAIT_S * 1000 + ANSWER_MS,
} as const satisfies Traits;
export const POLL = {
  ...{ name: 'poll', kind: 'poll', interval_ms: 30_000, quiet_ms: 0 },
  answers_within_ms: ANSWER_MS,
} as const satisfies Traits;
