/**
 * Whether a rule splits by the `targetingKey`: somewhere in it a `fractional` has no bucketing value of its own, which would be an
 * operation, or a text, before its buckets. Told by reading the rule, whichever branch a context takes.
 */
export function needsTargetingKey(rule: unknown): boolean {
  if (typeof rule !== 'object' || rule === null) return false;
  if (Array.isArray(rule)) return rule.some(needsTargetingKey);
  return Object.entries(rule).some(
    ([operator, operands]) => (operator === 'fractional' && !hasBucketingValue(operands)) || needsTargetingKey(operands),
  );
}

function hasBucketingValue(operands: unknown): boolean {
  const first: unknown = Array.isArray(operands) ? operands[0] : undefined;
  return typeof first === 'string' || (typeof first === 'object' && first !== null && !Array.isArray(first));
}
