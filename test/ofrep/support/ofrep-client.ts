import { httpRequest, type HttpAnswer } from '../../support/http-request.js';

/** OFREP over plain HTTP, for tests that look at each answer. */
export class OfrepClient {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  /** @param body sent as JSON, unless it is a string. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return httpRequest(`${this.url}/ofrep/v1/evaluate/flags${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  single(flag: string, context: object = {}, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.post(`/${flag}`, { context }, headers);
  }

  bulk(context: object = {}, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.post('', { context }, headers);
  }
}

export interface Evaluated {
  key: string;
  value?: unknown;
  reason?: string;
  variant?: string;
  errorCode?: string;
  errorDetails?: string;
  metadata?: { version: number };
}

export interface BulkBody {
  flags: Evaluated[];
  metadata: { revision: number };
  eventStreams: { type: string; endpoint: { requestUri: string } }[];
}
