import { type IncomingHttpHeaders } from 'node:http';
import { InvalidInput } from '../common/errors.js';

/** What a client presents, from headers and query or from a socket's handshake. An empty text counts as nothing. */
export interface SdkCredentials {
  /** The header's value, `Bearer <key>`. */
  authorization?: string | undefined;
  /** `X-API-Key`. */
  apiKey?: string | undefined;
  /** `?key=` */
  queryKey?: string | undefined;
  ticket?: string | undefined;
}

/** The request line's query. Not Express's: this is the same for an upgrade, and has no nested objects. */
export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

/**
 * The one value of a parameter that may stand once; undefined where it is absent or empty.
 * @throws InvalidInput where it stands twice with different values.
 */
export function single(query: URLSearchParams, name: string): string | undefined {
  const values = new Set(query.getAll(name).filter((value) => value !== ''));
  if (values.size > 1)
    throw new InvalidInput([{ path: name, message: 'is given more than once with different values: send one' }]);
  return [...values][0];
}

/** @throws InvalidInput */
export function credentialsOf(headers: IncomingHttpHeaders, query: URLSearchParams): SdkCredentials {
  const apiKey = headers['x-api-key'];
  return {
    authorization: headers.authorization,
    apiKey: Array.isArray(apiKey) ? apiKey.join(', ') : apiKey,
    queryKey: single(query, 'key'),
    ticket: single(query, 'ticket'),
  };
}

/** The token of `Authorization: Bearer <token>`; undefined for another scheme, which may be meant for a proxy in front. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S.*?)\s*$/i.exec(authorization ?? '')?.[1];
}
