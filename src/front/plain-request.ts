import { type IncomingMessage } from 'node:http';

/** Longer ones are not remembered: so many of them would be much. */
const LONGEST = 1024;

/** Whether a request has no body, comes from no page of another origin, and asks nothing of HTTP itself. */
export function isPlain({ httpVersion, url = '', headers }: IncomingMessage): boolean {
  return (
    httpVersion === '1.1' &&
    // Who reads an address does not agree on what comes behind it.
    !url.includes('#') &&
    headers.host !== undefined &&
    headers.origin === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined &&
    headers.upgrade === undefined
  );
}

/** Address and credentials, as they were sent; null: too long. */
export function questionText({ url = '', headers }: IncomingMessage): string | null {
  // No header and no address has a line break in it; an empty credential counts as none.
  const text = `${url}\n${headers.authorization ?? ''}\n${String(headers['x-api-key'] ?? '')}`;
  return text.length <= LONGEST ? text : null;
}

/** Whether the address is this one, with no other parameters. */
export function asksOnly(url: string, path: string, parameters: ReadonlySet<string>): boolean {
  const { pathname, searchParams } = new URL(url, 'http://flagwire');
  return pathname === path && [...searchParams.keys()].every((name) => parameters.has(name));
}
