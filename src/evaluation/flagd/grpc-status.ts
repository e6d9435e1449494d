import { status } from '@grpc/grpc-js';
import { DomainError, type ErrorKind } from '../../common/errors.js';
import { withoutSecrets } from '../../common/redact.js';

/** How a call ends that is not answered. */
export interface CallEnd {
  readonly code: status;
  /** A sentence for people. */
  readonly details: string;
}

const CODES = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  precondition_failed: status.FAILED_PRECONDITION,
  too_large: status.INVALID_ARGUMENT,
  unsupported_media_type: status.INVALID_ARGUMENT,
  unprocessable: status.INVALID_ARGUMENT,
  upgrade_required: status.FAILED_PRECONDITION,
  rate_limited: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  storage_full: status.UNAVAILABLE,
} as const satisfies Record<ErrorKind, status>;

/** Any error as the end of a call. What is not meant for the caller says nothing of itself. */
export function callEndOf(error: unknown): CallEnd {
  if (error instanceof DomainError) return { code: CODES[error.kind], details: withoutSecrets(error.message) };
  return { code: status.INTERNAL, details: 'The server made a mistake; it is in its log.' };
}
