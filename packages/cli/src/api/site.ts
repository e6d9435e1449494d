import { usage } from '../command-error.js';

/** Where requests go, and with what. */
export interface Site {
  /** Ends with a slash: paths are added to it. */
  readonly url: URL;
  /** Null: none was given. */
  readonly token: string | null;
  readonly timeoutMs: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** @throws CommandError for what is no address of a server. */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usage('The address of the server must be like http://127.0.0.1:3000.', 'Give it by --url or FLAGWIRE_URL.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw usage(
      'The address of the server must have no user, no password, no ? and no #.',
      'The token belongs into FLAGWIRE_TOKEN.',
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
