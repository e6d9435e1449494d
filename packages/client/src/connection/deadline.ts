import { ANSWER_MS } from '../transport/traits.js';
import { type Candidate, isBlocked, isConnected, type PolicyState } from './policy-state.js';

/** Of the pings that come every 15 s, two may get lost. */
export const SILENCE_MS = 40_000;
/** Of the heartbeats that come every 30 s, one may get lost. */
export const HEARTBEAT_MS = 75_000;

/** When the policy has to be woken at the latest; Infinity: not by the clock. */
export function deadline(state: PolicyState, transports: readonly Candidate[]): number {
  return Math.min(phaseDeadline(state, transports), probeDeadline(state));
}

export function phaseDeadline(state: PolicyState, transports: readonly Candidate[]): number {
  const { phase } = state;
  switch (phase.name) {
    case 'idle':
    case 'closed':
      return Infinity;
    case 'waiting':
      return isBlocked(state) ? Infinity : phase.until;
    case 'asking':
      if (phase.heard_at !== null) return phase.heard_at + SILENCE_MS;
      return phase.since + (transports[state.current]?.answers_within_ms ?? ANSWER_MS);
    case 'open':
      if (phase.heard_at === null) return phase.since + ANSWER_MS;
      return Math.min(phase.heard_at + SILENCE_MS, phase.beat_at + HEARTBEAT_MS);
  }
}

/** A probe is begun only beside a connection that works, or between two polls that do. */
export function probeDeadline(state: PolicyState): number {
  const { probe } = state;
  if (probe === null) return Infinity;
  if (probe.since !== null) return probe.since + ANSWER_MS;
  return isBlocked(state) || state.failures > 0 || !(isConnected(state) || state.phase.name === 'waiting') ? Infinity : probe.at;
}
