import { isObject } from '@flagwire/protocol/sync';
import { parseDictionary } from 'structured-headers';
import { CommandError, EXIT, own } from '../command-error.js';

/** What the server answered to what it did. */
export interface Answer<Body> {
  readonly body: Body;
  readonly headers: Headers;
  /** `Flagwire-Cursor` by environment: what `flagwire wait` waits for. Empty where the request wrote nothing. */
  readonly cursors: Readonly<Record<string, string>>;
}

const TOKEN_HINT = 'Give an admin token in FLAGWIRE_TOKEN, or by --token-file.';
const HINTS: Readonly<Record<string, string>> = {
  missing_credential: TOKEN_HINT,
  malformed_token: `Copy it again, whole. ${TOKEN_HINT}`,
  unknown_token: `Check that it belongs to this server. ${TOKEN_HINT}`,
  expired_token: TOKEN_HINT,
  revoked_token: TOKEN_HINT,
  wrong_credential_kind: TOKEN_HINT,
  version_conflict: 'Somebody changed it meanwhile. Look at it again, and decide again.',
};
/** The server is there and cannot answer now: a script may try again. */
const PASSING = new Set([408, 429, 502, 503, 504]);

/**
 * Reads an answer whose body is `text`. The body is taken to be what the caller says.
 * @throws CommandError for a refusal, and for what is not from Flagwire.
 */
export function readAnswer<Body>(url: URL, { status, headers }: Response, text: string): Answer<Body> {
  if (status >= 300 && status < 400) throw redirected(url, status, headers.get('location'));
  const body = parseBody(headers, text);
  if (status < 200 || status > 299) throw refusal(url, status, body);
  if (body === undefined && text !== '') throw notFlagwire(url, status, headers);
  return { body: body as Body, headers, cursors: readCursors(headers.get('flagwire-cursor')) };
}

function parseBody(headers: Headers, text: string): unknown {
  if (!/[/+]json\b/.test(headers.get('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusal(url: URL, status: number, body: unknown): CommandError {
  if (!isObject(body) || typeof body['code'] !== 'string' || typeof body['detail'] !== 'string') {
    const exitCode = PASSING.has(status) ? EXIT.noAnswer : EXIT.refused;
    const hint = 'Something stands between, such as a proxy: check the address.';
    return own('not_flagwire', `${url.href} answered ${status}, and not as Flagwire does.`, exitCode, hint);
  }
  const { code, detail, request_id, errors } = body;
  return new CommandError(code, detail, PASSING.has(status) ? EXIT.noAnswer : EXIT.refused, HINTS[code] ?? null, {
    status,
    ...(typeof request_id === 'string' && { request_id }),
    ...(Array.isArray(errors) && { errors: errors as { path: string; message: string }[] }),
  });
}

function redirected(url: URL, status: number, location: string | null): CommandError {
  // The token is not carried to another address than the one that was given.
  const target = location !== null && URL.canParse(location, url.href) ? new URL(location, url).origin : 'another address';
  return own(
    'redirected',
    `${url.origin} answered ${status}: it sends on to ${target}.`,
    EXIT.refused,
    'Give that address by --url.',
  );
}

function notFlagwire(url: URL, status: number, headers: Headers): CommandError {
  const type = headers.get('content-type') ?? 'no type';
  return own(
    'not_flagwire',
    `${url.href} answered ${status} with ${type}: this is not Flagwire’s API.`,
    EXIT.refused,
    'Check the address.',
  );
}

function readCursors(header: string | null): Record<string, string> {
  if (header === null) return {};
  return Object.fromEntries([...parseDictionary(header)].map(([environment, [value]]) => [environment, String(value)]));
}
