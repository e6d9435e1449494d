import { type Finding, found } from './finding.js';

/** Beyond this, times in logs cannot be compared and keys seem to expire at another moment. No flag depends on a clock. */
const MOST_MS = 5000;
/** `Date` has whole seconds, cut off. */
const RESOLUTION_MS = 1000;

/** When a request left and its answer came, by this machine's clock: Unix milliseconds. */
export interface Moments {
  readonly sentAt: number;
  readonly cameAt: number;
}

/** Compares this machine's clock with the `Date` of an answer, which was written at some time in between. */
export function clockFinding(date: string | null, { sentAt, cameAt }: Moments): Finding {
  const written = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(written)) return found('clock', 'skipped', 'the answer has no Date');
  const ahead = sentAt - (written + RESOLUTION_MS);
  const behind = written - cameAt;
  const off = Math.max(ahead, behind, 0);
  if (off <= MOST_MS) return found('clock', 'ok', 'this machine and the server agree to within seconds');
  const [direction, by] = ahead > 0 ? ['ahead of', ahead] : ['behind', behind];
  const detail = `this machine is ${Math.round(by / 1000)} s ${direction} ${date ?? ''}, the time of the answer`;
  return found('clock', 'fault', detail, 'Let NTP set the clock of this machine, or of the server: see which one is wrong.');
}
