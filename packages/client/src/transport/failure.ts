/** Why a connection or a poll ended. Each is explained in docs/errors.md; programs may compare them. */
export const FAILURE_CODES = [
  'buffered',
  'connection_ended',
  'connection_failed',
  'connection_lost',
  'context_refused',
  'http_status',
  'malformed_answer',
  'malformed_message',
  'message_too_large',
  'not_a_stream',
  'not_found',
  'redirected',
  'silent',
  'sync_too_large',
  'ticket_failed',
  'tls_failed',
  'unauthorized',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

export interface Failure {
  readonly code: FailureCode;
  /** For people. Never a key or a ticket. */
  readonly message: string;
  /** Of an HTTP answer, or the close code of a WebSocket. */
  readonly status?: number;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retry_after_ms?: number;
}

export function failure(code: FailureCode, message: string, more: Omit<Failure, 'code' | 'message'> = {}): Failure {
  return { code, message, ...more };
}
