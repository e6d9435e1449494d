import { Injectable } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { BulkInFront, type HandOn } from './bulk-in-front.js';
import { PollsInFront } from './polls-in-front.js';
import { StreamsInFront } from './streams-in-front.js';

/**
 * Stands before the routes, and does again what they have done before, for clients whom they have let in. Everything else is the
 * routes', from whose answers it learns. Taking it away changes no answer. See docs/adr/0111-what-was-answered-is-answered-again-in-front.md.
 */
@Injectable()
export class Front {
  constructor(
    private readonly polls: PollsInFront,
    private readonly bulk: BulkInFront,
    private readonly streams: StreamsInFront,
  ) {}

  /** Takes a request, to answer it or hand it on itself; or gives false and has done nothing. */
  readonly takes = (request: Request, response: Response, handOn: HandOn): boolean =>
    request.method === 'POST'
      ? this.bulk.takes(request, response, handOn)
      : this.polls.takes(request, response) || this.streams.takes(request, response);
}
