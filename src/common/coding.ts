import { type Request } from 'express';

/** Content codings in which bodies are kept (RFC 9110 section 8.4.1). */
export type Coding = 'br' | 'gzip';

/** What the client takes; Brotli where it likes it as much, which is the smaller one. Null: identity. */
export function codingFor(request: Request): Coding | null {
  const accepted = request.acceptsEncodings(['br', 'gzip', 'identity']);
  return accepted === 'br' || accepted === 'gzip' ? accepted : null;
}
