import { type HttpAnswer } from '../../support/http-request.js';
import { poll, type DeltaBody, type PollBody } from '../../support/poll-client.js';
import { type SdkRequest } from '../../support/credentials.js';
import { type Stage } from './stage.js';

export type PollExtras = Partial<Pick<SdkRequest, 'headers' | 'query' | 'flags' | 'ticket' | 'key'>>;

/** One poll of the stage's environment, any answer. */
export function ask(stage: Stage, extras: PollExtras = {}): Promise<HttpAnswer> {
  return poll({ url: stage.server.url, key: stage.key, ...extras }, 50_000);
}

/** @throws Error where the answer is not 200. */
export function bodyOf(answer: HttpAnswer): PollBody {
  if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text}`);
  return answer.json() as PollBody;
}

/** @throws Error where the answer is not 200. */
export function deltaOf(answer: HttpAnswer): DeltaBody {
  if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text}`);
  return answer.json() as DeltaBody;
}

/** An RFC 3339 time as an HTTP date, moved by some seconds. */
export function httpDate(time: string, seconds = 0): string {
  return new Date(Date.parse(time) + seconds * 1000).toUTCString();
}
