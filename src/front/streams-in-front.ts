import { Injectable, Logger } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { SdkKeyVerifier } from '../auth/sdk-key-verifier.js';
import { HttpMetrics } from '../health/http.metrics.js';
import { Streams } from '../sync/streams.js';
import { type KnownStream, KnownStreams } from './known-streams.js';
import { streamQuestionOf } from './stream-question.js';

/** As the figures have it. */
const ROUTE = '/sdk/stream';

/**
 * Opens streams that the routes have granted before. What is said in them, and whether there is room for one more, is decided for each.
 * See docs/adr/0119-streams-in-front.md.
 */
@Injectable()
export class StreamsInFront {
  private readonly logger = new Logger('StreamsInFront');

  constructor(
    private readonly known: KnownStreams,
    private readonly verifier: SdkKeyVerifier,
    private readonly streams: Streams,
    private readonly metrics: HttpMetrics,
  ) {}

  /** Opens a stream; or gives false and has done nothing. */
  takes(request: Request, response: Response): boolean {
    const question = streamQuestionOf(request);
    const known = question === null ? undefined : this.known.stream(question);
    // One that waits behind another answer on its connection is the routes', too.
    if (known === undefined || response.socket === null) return false;
    if (!this.verifier.opensStill(known.wish.principal.keyId)) return false;
    try {
      this.open(request, response, known);
    } catch (error) {
      // The routes fail at the same, and know what to say.
      if (!response.headersSent) return false;
      this.logger.error(error);
      response.destroy();
    }
    return true;
  }

  private open(request: Request, response: Response, { wish, headers }: KnownStream): void {
    // The connection, the head and the blank line are as Nest has them.
    const facts = this.metrics.beginLasting(request, ROUTE);
    request.socket.setKeepAlive(true);
    const writeHead = () => {
      response.writeHead(200, ['X-Request-Id', facts.requestId, ...headers]);
      response.flushHeaders();
      response.write('\n');
    };
    this.streams.begin(request, response, wish, writeHead);
    response.once('close', () => this.metrics.note(request, response, facts));
  }
}
