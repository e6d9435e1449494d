import { failure } from '../transport/failure.js';
import { phaseDeadline, probeDeadline } from './deadline.js';
import { probeDelay } from './delays.js';
import { failed, left, type Moment } from './policy-failure.js';
import { type Candidate, isBlocked, isConnected, type PolicyInput } from './policy-state.js';
import { letGo, type PolicyState, type PolicyStep, resting } from './policy-state.js';

/** A server that answers each long poll at once is not asked more often than this. */
const BETWEEN_POLLS_MS = 250;

/**
 * When to connect, and by what. Pure: the time and one random number are handed in; `deadline` says when to call again.
 *
 *     idle ── Start ──> waiting ── its time, and neither hidden nor offline ──> asking ── Opened ──> open
 *                          ^                                                      │                   │
 *                          └── Failed, Left, Answered, silence, Offline ──────────┴───────────────────┘
 *     any ── Close ──> closed, the only end
 *
 * Never two attempts at once: a probe of a better transport is opened beside a connection that works, is given up where that fails,
 * and is never applied; once it hears a byte, the connection is closed and that transport is connected to.
 */
export function advance(state: PolicyState, input: PolicyInput, transports: readonly Candidate[], moment: Moment): PolicyStep {
  const { phase } = state;
  const { now, random } = moment;
  if (phase.name === 'closed') return same(state);
  switch (input.type) {
    case 'Start':
      return phase.name === 'idle'
        ? tick({ ...state, phase: { name: 'waiting', until: now, firm: false } }, transports, moment)
        : same(state);
    case 'Tick':
      return tick(state, transports, moment);
    case 'Opened':
      return same(
        phase.name === 'asking'
          ? { ...state, phase: { name: 'open', since: now, heard_at: null, beat_at: now, told: false } }
          : state,
      );
    case 'Heard':
      return same(phase.name === 'asking' || phase.name === 'open' ? { ...state, phase: { ...phase, heard_at: now } } : state);
    case 'Message':
      if (phase.name !== 'open') return same(state);
      return same({ ...state, refused: false, phase: { ...phase, told: true, beat_at: input.beat ? now : phase.beat_at } });
    case 'Answered':
      return same(phase.name === 'asking' ? answered(state, phase.since, transports, moment) : state);
    case 'Retry':
      return same({ ...state, retry_ms: input.after_ms });
    case 'Failed':
      return isConnected(state) ? failed(state, input.failure, transports, moment) : same(state);
    case 'Left':
      return isConnected(state) ? left(state, input.reason, input.retry_after_ms, moment) : same(state);
    case 'ProbeHeard':
      return state.probe?.since == null ? same(state) : climb(state, state.probe.index, moment);
    case 'ProbeFailed':
      return same(probeLater(state, random, now));
    case 'Renewed':
      return renewed(state, moment.now);
    case 'Hidden':
      return returned({ ...state, hidden: input.hidden }, transports, moment);
    case 'Offline':
      return input.offline ? wentOffline(state, now) : returned({ ...state, offline: false }, transports, moment);
    case 'Close':
      return { state: { ...state, phase: { name: 'closed' }, probe: null }, effects: letGo(state) };
  }
}

function same(state: PolicyState): PolicyStep {
  return { state, effects: [] };
}

function tick(state: PolicyState, transports: readonly Candidate[], moment: Moment): PolicyStep {
  const { phase } = state;
  const { now, random } = moment;
  if (phaseDeadline(state, transports) <= now) {
    if (phase.name !== 'waiting') return failed(state, silence(state), transports, moment);
    return {
      state: { ...state, phase: { name: 'asking', since: now, heard_at: null } },
      effects: [{ type: 'Connect', index: state.current }],
    };
  }
  if (state.probe === null || probeDeadline(state) > now) return same(state);
  if (state.probe.since !== null) return { state: probeLater(state, random, now), effects: [{ type: 'StopProbe' }] };
  return { state: { ...state, probe: { ...state.probe, since: now } }, effects: [{ type: 'Probe', index: state.probe.index }] };
}

function silence({ phase }: PolicyState) {
  const isBuffered = phase.name === 'open' && phase.heard_at === null;
  return isBuffered
    ? failure('buffered', 'the stream was opened, and nothing came through')
    : failure('silent', 'nothing was heard of the server for too long');
}

function answered(state: PolicyState, since: number, transports: readonly Candidate[], { now, random }: Moment): PolicyState {
  const interval = (transports[state.current]?.interval_ms ?? 0) * (0.75 + random / 2);
  const until = Math.max(now + interval, since + BETWEEN_POLLS_MS);
  return { ...state, phase: { name: 'waiting', until, firm: false }, failures: 0, recent: [], refused: false };
}

function climb(state: PolicyState, index: number, { now, random }: Moment): PolicyStep {
  const probe = index === 0 ? null : { at: now + probeDelay(random), index: 0, since: null };
  const phase = { name: 'asking', since: now, heard_at: null } as const;
  return {
    state: { ...state, phase, current: index, recent: [], probe },
    effects: [...letGo(state), { type: 'Connect', index }],
  };
}

/** The next time it is the next one's turn, of those that are better than the one in use. */
function probeLater(state: PolicyState, random: number, now: number): PolicyState {
  const { probe, current } = state;
  return probe === null
    ? state
    : { ...state, probe: { at: now + probeDelay(random), index: (probe.index + 1) % current, since: null } };
}

/** The tab is seen again, or the network is back: soon, but not all of an office in the same moment. */
function returned(state: PolicyState, transports: readonly Candidate[], moment: Moment): PolicyStep {
  const { phase } = state;
  if (isBlocked(state) || phase.name !== 'waiting' || phase.firm) return tick(state, transports, moment);
  return same({ ...state, phase: { ...phase, until: Math.min(phase.until, moment.now + moment.random * 1000) } });
}

/** Soon, but several subscriptions in a row are one connection; and who waits because something failed goes on waiting. */
function renewed(state: PolicyState, now: number): PolicyStep {
  const { phase } = state;
  if (phase.name !== 'asking' && phase.name !== 'open') {
    const isBetweenPolls = phase.name === 'waiting' && !phase.firm && state.failures === 0;
    return same(isBetweenPolls ? { ...state, phase: { ...phase, until: now } } : state);
  }
  const until = Math.max(now, phase.since + BETWEEN_POLLS_MS);
  return { state: { ...state, phase: { name: 'waiting', until, firm: false }, probe: resting(state) }, effects: letGo(state) };
}

/** What is open is dead already, only that nobody has noticed. */
function wentOffline(state: PolicyState, now: number): PolicyStep {
  const phase = isConnected(state) ? ({ name: 'waiting', until: now, firm: false } as const) : state.phase;
  return { state: { ...state, offline: true, phase, probe: resting(state) }, effects: letGo(state) };
}
