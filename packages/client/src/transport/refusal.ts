import { type FetchResponse } from '../platform.js';
import { textOf } from './body.js';
import { type Failure, failure } from './failure.js';

/** Of an answer that was refused: whatever says why is shorter. */
const MAX_PROBLEM = 16 * 1024;

/** What an answer means that is neither 200 nor 304. */
export async function refusalOf(response: FetchResponse): Promise<Failure> {
  const { status } = response;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    return failure('redirected', 'the server redirects: the address has to be the one that it redirects to', { status });
  }
  if (status === 204) return failure('not_a_stream', 'the server answers with nothing (204)', { status });
  const said = `the server answers ${status}${await problemIn(response)}`;
  switch (status) {
    case 401:
    case 403:
      return failure('unauthorized', said, { status });
    case 404:
    case 501:
      return failure('not_found', said, { status });
    default:
      return failure('http_status', said, { status, ...retryAfter(response) });
  }
}

/** Of an answer that is no refusal, to a request for a stream: a page of a proxy, for one. */
export function notAStream({ status, headers }: FetchResponse): Failure {
  return failure('not_a_stream', `the server answers ${status} with ${headers.get('content-type') ?? 'nothing'}`, { status });
}

/** The code of a problem+json, where there is one: an error that says `revoked_key` is worth more than one that says 401. */
async function problemIn(response: FetchResponse): Promise<string> {
  if (!/[/+]json/.test(response.headers.get('content-type') ?? '')) return '';
  try {
    const { code } = JSON.parse((await textOf(response, MAX_PROBLEM)) ?? '{}') as { code?: unknown };
    return typeof code === 'string' ? `: ${code}` : '';
  } catch {
    return '';
  }
}

/** RFC 9110 10.2.3: seconds, or a date, which is read by the server's own clock. */
function retryAfter({ headers }: FetchResponse): { retry_after_ms?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(ms) ? {} : { retry_after_ms: Math.max(0, ms) };
}
