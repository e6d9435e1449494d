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
  const code = await codeIn(response);
  const said = `the server answers ${status}${code === null ? '' : `: ${code}`}`;
  // Of OFREP: the same context would be refused again.
  if (status === 400 && code === 'INVALID_CONTEXT') return failure('context_refused', said, { status });
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

/** Of a problem+json, or of OFREP, where there is one: an error that says `revoked_key` is worth more than one that says 401. */
async function codeIn(response: FetchResponse): Promise<string | null> {
  if (!/[/+]json/.test(response.headers.get('content-type') ?? '')) return null;
  try {
    const said = JSON.parse((await textOf(response, MAX_PROBLEM)) ?? '{}') as { code?: unknown; errorCode?: unknown };
    const { code = said.errorCode } = said;
    return typeof code === 'string' ? code : null;
  } catch {
    return null;
  }
}

/** RFC 9110 10.2.3: seconds, or a date, which is read by the server's own clock. */
function retryAfter({ headers }: FetchResponse): { retry_after_ms?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(ms) ? {} : { retry_after_ms: Math.max(0, ms) };
}
