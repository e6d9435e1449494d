/** Targeting, by the library of flagd. An entry of its own: programs without targeting do not carry it. */
export { flagdEvaluator } from './evaluation/flagd-evaluator.js';
