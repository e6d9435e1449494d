import { type Failure, failure } from './failure.js';

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
