import { DatabaseUnavailable, DomainError } from '../common/errors.js';
import { type KeyUnchecked } from './principal.js';

const SENTENCES = {
  overload: 'Too many unknown keys are being looked up; this one could not be checked. Try again in a moment.',
  stale: 'The database has been out of reach for longer than keys are trusted without it. Try again in a moment.',
};

/** The key may be right, but cannot be checked now. */
export class KeyNotChecked extends DomainError {
  override readonly name = 'KeyNotChecked';
  readonly code = 'key_not_checked';
  readonly kind = 'unavailable';
  constructor(readonly reason: KeyUnchecked['unchecked']) {
    super(SENTENCES[reason]);
  }
}

/** The reason for a Goodbye where the error says nothing about the key itself; null where it refuses the key for good. */
export function uncheckedReason(error: unknown): KeyUnchecked['unchecked'] | null {
  if (error instanceof KeyNotChecked) return error.reason;
  if (error instanceof DatabaseUnavailable) return 'overload';
  const isRefusal = error instanceof DomainError && ['invalid', 'unauthenticated', 'forbidden'].includes(error.kind);
  return isRefusal ? null : 'overload';
}
