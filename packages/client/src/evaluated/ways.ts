import { advance } from '../connection/policy.js';
import { type Moment } from '../connection/policy-failure.js';
import { type PolicyInput, type PolicyState, type PolicyStep } from '../connection/policy-state.js';
import { type Failure } from '../transport/failure.js';
import { POLL, SSE } from '../transport/traits.js';
import { type Traits } from '../transport/transport.js';

/** Best first: values upon notices, and values every half minute. */
export const WAYS: readonly Traits[] = [SSE, POLL];

export type LineInput =
  | PolicyInput
  /** Nothing is connected until there is a `Start`, but the page is watched on. */
  | { type: 'Rest' }
  /** A question failed, which is the same whichever way is used: none of them is the worse for it. */
  | { type: 'Unanswered'; failure: Failure };

/** When to connect, by the policy of every client. */
export function step(policy: PolicyState, input: LineInput, moment: Moment): PolicyStep {
  if (input.type === 'Rest') {
    const { state, effects } = advance(policy, { type: 'Close' }, WAYS, moment);
    return { state: { ...state, phase: { name: 'idle' }, failures: 0 }, effects };
  }
  if (input.type === 'Unanswered') {
    const ways = WAYS.slice(0, policy.current + 1);
    const { state, effects } = advance(policy, { ...input, type: 'Failed' }, ways, moment);
    return { state: { ...state, recent: [] }, effects };
  }
  return advance(policy, input, WAYS, moment);
}
