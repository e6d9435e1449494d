export const VERDICTS = ['ok', 'warning', 'fault', 'skipped'] as const;
/** `fault`: clients will not work, or not as promised. `skipped`: could not be looked at. */
export type Verdict = (typeof VERDICTS)[number];

/** What the doctor looks at, in this order. */
export const CHECKS = ['reach', 'encryption', 'ready', 'version', 'clock', 'token', 'key', 'stream'] as const;
export type CheckName = (typeof CHECKS)[number];

export interface Finding {
  readonly check: CheckName;
  readonly verdict: Verdict;
  readonly detail: string;
  /** What to do. */
  readonly hint?: string;
}

export function found(check: CheckName, verdict: Verdict, detail: string, hint?: string): Finding {
  return { check, verdict, detail, ...(hint !== undefined && { hint }) };
}
