/** Why a connection or a poll ended. Each is explained in docs/errors.md; programs may compare them. */
export const FAILURE_CODES = [
  'buffered',
  'connection_ended',
  'connection_failed',
  'connection_lost',
  'http_status',
  'malformed_answer',
  'malformed_message',
  'message_too_large',
  'not_a_stream',
  'not_found',
  'redirected',
  'silent',
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

/** Of a certificate, Node.js says only in the cause, by OpenSSL's names. */
const TLS = /CERT|SSL|TLS|SELF_SIGNED|ISSUER|SIGNATURE/;

/** What an exception of `fetch` or of a body means. By its shape: one of another realm is no instance of this one's `Error`. */
export function failureOf(error: unknown, opened: boolean): Failure {
  const { message = String(error), cause } = (error ?? {}) as { message?: string; cause?: { code?: unknown } };
  const code = typeof cause?.code === 'string' ? cause.code : null;
  const said = code === null ? message : `${message} (${code})`;
  if (opened) return failure('connection_lost', `the connection broke: ${said}`);
  if (code !== null && TLS.test(code)) return failure('tls_failed', `the server's certificate is not accepted: ${said}`);
  return failure('connection_failed', `no connection: ${said}`);
}
