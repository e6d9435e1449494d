import { Injectable } from '@nestjs/common';
import { type NextFunction, type Request, type Response } from 'express';
import { type CrossOrigin } from '../common/cross-origin.js';
import { credentialsOf, queryOf } from './credentials.js';
import { KeyRing } from './key-ring.js';
import { SdkKeyVerifier } from './sdk-key-verifier.js';
import { StreamTokenVerifier } from './stream-token-verifier.js';

/** Routes that pages of other origins may ask; the router, too, does not care about the case of letters. */
const PATHS = /^\/(sdk|ofrep)(\/|$)/i;
/** Where a stream token says whose request it is. */
const NOTICES = /^\/ofrep\/v1\/stream\/?$/i;
const METHODS = 'GET, HEAD, POST';
const ALLOWED = 'Authorization, X-API-Key, If-None-Match, If-Modified-Since, Last-Event-ID, Content-Type';
const EXPOSED = 'ETag, Last-Modified, Retry-After, Flagwire-Cursor, Flagwire-Age-Ms';

/**
 * Protocol section 7: a page may read an answer where the key of its request, or the key behind its ticket or stream token, lists its origin.
 * Decided before the routes, so that errors and 304 carry the headers too. Never with credentials: no cookie means anything
 * here.
 */
@Injectable()
export class Cors implements CrossOrigin {
  constructor(
    private readonly ring: KeyRing,
    private readonly verifier: SdkKeyVerifier,
    private readonly streams: StreamTokenVerifier,
  ) {}

  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    if (!PATHS.test(request.originalUrl.split('?', 1)[0] ?? '')) return next();
    response.vary('Origin');
    const { origin } = request.headers;
    if (origin === undefined) return next();
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      return this.answerPreflight(response, origin);
    }
    this.allowWhereListed(request, response, origin).then(() => next(), next);
  };

  /** Lets pages of this origin read the answer. */
  allow(response: Response, origin: string): void {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  }

  /** A preflight carries no key: allowed if any live key lists the origin. Without the headers a browser takes it as a no. */
  private answerPreflight(response: Response, origin: string): void {
    if (this.ring.anyLiveKeyAllows(origin)) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Allow-Methods', METHODS);
      response.setHeader('Access-Control-Allow-Headers', ALLOWED);
    }
    response.statusCode = 204;
    response.end();
  }

  private async allowWhereListed(request: Request, response: Response, origin: string): Promise<void> {
    try {
      const { headers, originalUrl } = request;
      const query = queryOf(originalUrl);
      const isNotices = NOTICES.test(originalUrl.split('?', 1)[0] ?? '');
      const { allowedOrigins } = isNotices
        ? await this.streams.identify(headers, query)
        : await this.verifier.identify(credentialsOf(headers, query));
      if (allowedOrigins.includes(origin)) this.allow(response, origin);
    } catch {
      // The guard finds the same fault and answers it.
    }
  }
}
