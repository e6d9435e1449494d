import { type Failure } from '../transport/failure.js';
import { backOff, clamp, probeDelay, refusedDelay, spread } from './delays.js';
import { type Candidate, letGo, type PolicyEffect, type PolicyState, type PolicyStep, resting } from './policy-state.js';

const MINUTE = 60_000;
const FAILURES_TO_CHANGE = 3;

export interface Moment {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
}

/** Every end of a connection that nobody wanted comes here, and leads to a next attempt. */
export function failed(state: PolicyState, failure: Failure, transports: readonly Candidate[], moment: Moment): PolicyStep {
  const { now, random } = moment;
  const held = afterHealth(state, now);
  const effects = ended(held, failure);
  if (failure.code === 'unauthorized') return refused(held, effects, moment);
  const recent = [...held.recent.filter((at) => at > now - MINUTE), now];
  const current = nextTransport(held, failure, recent.length, transports);
  const asked = failure.retry_after_ms;
  const delay = Math.max(backOff(held, random), asked === undefined ? 0 : spread(asked, random));
  const moved = current !== held.current;
  return {
    state: {
      ...held,
      phase: { name: 'waiting', until: now + delay, firm: asked !== undefined },
      current,
      failures: held.failures + 1,
      recent: moved ? [] : recent,
      retry_ms: null,
      probe:
        current === 0
          ? null
          : moved || held.probe === null
            ? { at: now + probeDelay(random), index: 0, since: null }
            : resting(held),
    },
    effects,
  };
}

/** The server asks to go: at the time that it says, and further apart where it says so again and again. */
export function left(state: PolicyState, reason: string, retry_after_ms: number | null, moment: Moment): PolicyStep {
  const { now, random } = moment;
  const held = afterHealth(state, now);
  const code = retry_after_ms === null ? 'unauthorized' : 'connection_ended';
  const effects = ended(held, { code, message: `Goodbye ${reason}` });
  if (retry_after_ms === null) return refused(held, effects, moment);
  const delay = Math.max(clamp(retry_after_ms), held.failures === 0 ? 0 : backOff(held, random));
  const phase = { name: 'waiting', until: now + delay, firm: true } as const;
  return { state: { ...held, phase, failures: held.failures + 1, retry_ms: null, probe: resting(held) }, effects };
}

/** A connection that was well for a minute and brought something starts the count anew. */
function afterHealth(state: PolicyState, now: number): PolicyState {
  const { phase } = state;
  const wasWell = phase.name === 'open' && phase.told && now - phase.since >= MINUTE;
  return wasWell ? { ...state, failures: 0, recent: [] } : state;
}

function refused(state: PolicyState, effects: PolicyEffect[], { now, random }: Moment): PolicyStep {
  const phase = { name: 'waiting', until: now + refusedDelay(random), firm: true } as const;
  return { state: { ...state, phase, failures: state.failures + 1, refused: true, probe: resting(state) }, effects };
}

function ended(state: PolicyState, failure: Failure): PolicyEffect[] {
  const effects = letGo(state);
  if (failure.code !== 'unauthorized' || !state.refused) effects.push({ type: 'Report', failure });
  return effects;
}

/** After the last comes the first: where all fail, none of them is known to be better. */
function nextTransport({ current }: PolicyState, { code }: Failure, failures: number, transports: readonly Candidate[]): number {
  if (code === 'not_found') {
    const polls = transports.findIndex(({ name }) => name === 'poll');
    if (polls !== -1 && polls !== current) return polls;
  }
  return code === 'buffered' || failures >= FAILURES_TO_CHANGE ? (current + 1) % transports.length : current;
}
