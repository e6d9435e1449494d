import { isUtf8 } from 'node:buffer';
import { type IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { SdkKeyVerifier } from '../auth/sdk-key-verifier.js';
import { BodyShape } from '../common/body-shape.js';
import { Config } from '../config/config.js';
import { OfrepAnswers } from '../evaluation/ofrep-answers.js';
import { HttpMetrics } from '../health/http.metrics.js';
import { bulkQuestionOf } from './bulk-question.js';
import { setHeaders } from './headers.js';
import { type KnownCaller, KnownCallers } from './known-callers.js';

/** As the figures have it. */
const ROUTE = '/ofrep/v1/evaluate/flags';

/** What Express is: it answers whatever it is given. */
export type HandOn = (request: Request, response: Response) => void;

/**
 * Evaluates all flags for callers whom the routes have let in before, and for contexts that they would let by. Everything else is handed on
 * as it came, its body too. Taking it away changes no answer. See docs/adr/0116-bulk-answers-in-front.md.
 */
@Injectable()
export class BulkInFront {
  constructor(
    private readonly known: KnownCallers,
    private readonly verifier: SdkKeyVerifier,
    private readonly answers: OfrepAnswers,
    private readonly metrics: HttpMetrics,
    private readonly config: Config,
  ) {}

  /** Takes a request, to answer it or hand it on when its body is here; or gives false and has done nothing. */
  takes(request: Request, response: Response, handOn: HandOn): boolean {
    const question = bulkQuestionOf(request);
    if (question === null || question.length > this.config.bodyBytes) return false;
    const caller = this.known.caller(question.who);
    if (caller === undefined) {
      response.once('close', () => this.known.learn(question.who, request, response));
      return false;
    }
    const facts = this.metrics.begin(request, ROUTE);
    const note = () => this.metrics.note(request, response, facts);
    response.once('close', note);
    readBody(request, question.length, (bytes) => {
      if (this.answer(caller, bytes, { request, response, requestId: facts.requestId })) return;
      response.off('close', note);
      request.unshift(bytes);
      handOn(request, response);
    });
    return true;
  }

  private answer(
    { principal, headers }: KnownCaller,
    bytes: Buffer,
    { request, response, requestId }: { request: Request; response: Response; requestId: string },
  ): boolean {
    const answer = this.answers.bulkNow(principal, parsed(bytes), request.headers['if-none-match']);
    // The key may have ended while the body came.
    if (answer === null || !this.verifier.opensStill(principal.keyId)) return false;
    response.setHeader('X-Request-Id', requestId);
    setHeaders(response, headers);
    this.answers.writeBulk(answer, response);
    return true;
  }
}

/** Calls back in the turn in which the last of it is here; never, where it does not come. */
function readBody(request: IncomingMessage, length: number, whole: (bytes: Buffer) => void): void {
  const pieces: Buffer[] = [];
  let missing = length;
  const take = () => {
    // Not once more than there is: whoever has seen the end of a request cannot hand it on.
    while (missing > 0) {
      const piece = request.read() as Buffer | null;
      if (piece === null) return;
      pieces.push(piece);
      missing -= piece.length;
    }
    request.off('readable', take);
    whole(Buffer.concat(pieces));
  };
  request.on('readable', take);
}

/** As the routes read it; undefined: they have something to say to it. */
function parsed(bytes: Buffer): unknown {
  if (!isUtf8(bytes) || new BodyShape(bytes.length).add(bytes) !== null) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
