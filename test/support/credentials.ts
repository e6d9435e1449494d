/** How a client of `/sdk` names itself and what it asks for; shared by all probes. */
export interface SdkRequest {
  /** The server, such as `http://127.0.0.1:3000`; a path is kept where it has one. */
  url: string;
  key?: string;
  /** Where the key goes; default `bearer`. */
  keyIn?: 'bearer' | 'x-api-key' | 'query';
  ticket?: string;
  /** `?env=`. */
  env?: string;
  flags?: readonly string[];
  headers?: Record<string, string>;
  /** More parameters of the query. */
  query?: Record<string, string>;
  /** PEM of the authority to trust, for https. */
  ca?: string;
}

/** The address for a request to `path`, unless `request.url` has a path of its own. */
export function sdkUrl(request: SdkRequest, path: string): URL {
  const url = new URL(request.url);
  if (url.pathname === '/') url.pathname = path;
  const { key, keyIn, ticket, env, flags, query } = request;
  if (key !== undefined && keyIn === 'query') url.searchParams.set('key', key);
  if (ticket !== undefined) url.searchParams.set('ticket', ticket);
  if (env !== undefined) url.searchParams.set('env', env);
  if (flags !== undefined) url.searchParams.set('flags', flags.join(','));
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  return url;
}

export function sdkHeaders(request: SdkRequest): Record<string, string> {
  const { key, keyIn = 'bearer', headers } = request;
  if (key === undefined || keyIn === 'query') return { ...headers };
  return keyIn === 'bearer' ? { Authorization: `Bearer ${key}`, ...headers } : { 'X-API-Key': key, ...headers };
}
