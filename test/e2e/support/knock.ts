import { type IncomingHttpHeaders } from 'node:http';
import { sdkHeaders, sdkUrl, type SdkRequest } from '../../support/credentials.js';
import { openResponse, readAnswer } from '../../support/http-request.js';

/** The doors of the sync protocol that take a key and answer a GET. */
export const doors = ['/sdk/stream', '/sdk/poll'] as const;
export type Door = (typeof doors)[number];

export interface Knock {
  status: number;
  headers: IncomingHttpHeaders;
  /** Of the problem document; undefined for 200. */
  code?: string;
  detail?: string;
}

interface Problem {
  type: string;
  status: number;
  code: string;
  detail: string;
}

/**
 * What a door answers, by the head of the answer: a stream is closed as soon as that is there.
 * @throws Error where a refusal is no problem document of its own status.
 */
export async function knock(door: Door, request: SdkRequest): Promise<Knock> {
  const url = sdkUrl(request, door);
  const response = await openResponse(url, { headers: sdkHeaders(request) });
  const { statusCode: status = 0, headers } = response;
  if (status < 400) {
    response.destroy();
    return { status, headers };
  }
  const { text } = await readAnswer(response, url);
  const problem = JSON.parse(text) as Problem;
  const { code, detail } = problem;
  if (headers['content-type'] !== 'application/problem+json' || problem.status !== status || typeof detail !== 'string') {
    throw new Error(`${door} refused with ${status}, but with no problem document: ${text}`);
  }
  return { status, headers, code, detail };
}
