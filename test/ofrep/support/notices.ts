import { openResponse } from '../../support/http-request.js';
import { SseParser, type SseBlock } from '../../support/sse-parser.js';
import { type TestServer } from '../../support/server.js';
import { type BulkBody, OfrepClient } from './ofrep-client.js';

/** Milliseconds after which a change is old: who comes for the first time is no longer told of it. */
export const OLD_MS = 10_000;

/** A notice stream, read to the letter. */
export class Notices {
  readonly blocks: SseBlock[] = [];
  isEnded = false;
  /** Resolves when it is closed, by whomever. */
  readonly ended: Promise<void>;

  private constructor(
    readonly status: number,
    readonly headers: Record<string, unknown>,
    ended: Promise<void>,
    private readonly abort: AbortController,
  ) {
    this.ended = ended.then(() => void (this.isEnded = true));
  }

  /** @param heard called with each block as it comes. */
  static async open(url: string, headers: Record<string, string> = {}, heard?: () => void): Promise<Notices> {
    const abort = new AbortController();
    const response = await openResponse(url, { headers: { Accept: 'text/event-stream', ...headers }, signal: abort.signal });
    const ended = new Promise<void>((resolve) => response.once('close', resolve));
    const notices = new Notices(response.statusCode ?? 0, response.headers, ended, abort);
    const parser = new SseParser((block) => {
      notices.blocks.push(block);
      heard?.();
    });
    response.on('data', (chunk: Buffer) => parser.push(chunk));
    response.on('error', () => undefined);
    return notices;
  }

  /** The ids of the notices. */
  get ids(): string[] {
    return this.messages('refetchEvaluation').map(({ id }) => id);
  }

  messages(type: string): { id: string; data: Record<string, unknown> }[] {
    return this.blocks.flatMap(({ data, lastEventId }) => {
      const parsed = data === null ? {} : (JSON.parse(data) as Record<string, unknown>);
      return parsed['type'] === type ? [{ id: lastEventId, data: parsed }] : [];
    });
  }

  close(): void {
    this.abort.abort();
  }
}

/** Where the notices of this key are, by its bulk answer. */
export async function noticesUrl(server: TestServer, key: string): Promise<string> {
  const { eventStreams } = (await new OfrepClient(server.url, key).bulk({})).json() as BulkBody;
  return new URL(eventStreams[0]?.endpoint.requestUri ?? '', server.url).href;
}
