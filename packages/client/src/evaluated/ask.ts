import { type Fetch } from '../platform.js';
import { textOf } from '../transport/body.js';
import { exchange } from '../transport/exchange.js';
import { type Failure, failure } from '../transport/failure.js';
import { type Connection, headersOf, MAX_BODY } from '../transport/transport.js';
import { type Question } from './session.js';
import { parseValues, type Values } from './values.js';

/** Where the server is, and as whom to ask it. */
export interface Door {
  /** Without a path of `/ofrep`. */
  readonly url: string;
  readonly key: string;
  readonly fetch: Fetch;
}

export interface AskListener {
  /** Bytes came. */
  onHeard(): void;
  /** Null: nothing has changed. */
  onAnswer(values: Values | null): void;
  onFailure(failure: Failure): void;
}

/** `POST /ofrep/v1/evaluate/flags`. One of the three ends is told, once, unless it is closed before. */
export function ask({ url, key, fetch }: Door, { context, tag, seen }: Question, listener: AskListener): Connection {
  let answer: Values | null = null;
  const post: Fetch = (address, init) => fetch(address, { ...init, method: 'POST', body: `{"context":${context}}` });
  const query = seen === null ? '' : `?flagConfigEtag=${encodeURIComponent(seen)}`;
  const headers = {
    ...headersOf({ key }),
    'Content-Type': 'application/json',
    ...(tag === null ? {} : { 'If-None-Match': tag }),
  };
  return exchange<{ type: 'Heard' }>(
    post,
    `${url.replace(/\/+$/, '')}/ofrep/v1/evaluate/flags${query}`,
    headers,
    async (response, tell) => {
      tell({ type: 'Heard' });
      if (response.status === 304) return null;
      const text = await textOf(response, MAX_BODY, () => tell({ type: 'Heard' }));
      if (text === null) return failure('message_too_large', `an answer is longer than ${MAX_BODY} characters`);
      answer = parseValues(text, response.headers.get('etag'));
      return answer === null ? failure('malformed_answer', 'the values cannot be read', { status: response.status }) : null;
    },
    (event) => {
      if (event.type === 'Heard') listener.onHeard();
      else if (event.failure === null) listener.onAnswer(answer);
      else listener.onFailure(event.failure);
    },
  );
}
