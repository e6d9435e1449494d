import { Injectable, Logger } from '@nestjs/common';
import { type NextFunction, type Request, type Response } from 'express';
import { type Counter, type Histogram } from 'prom-client';
import { Clock } from '../common/clock.js';
import { problemCodeOf } from '../common/problem.filter.js';
import { Refusals } from '../common/refusals.js';
import { RequestContext, requestIdOf } from '../common/request-context.js';
import { type LogLevel } from '../common/log-line.js';
import { Config } from '../config/config.js';
import { Metrics } from './metrics.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Whoever sends requests chooses the method and the path: what no route knows is one line of the figures. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);
const OTHER = 'other';
const LOGGED = new Set<LogLevel>(['debug', 'trace']);
const WAITS = /[?&]wait=/;

/** What is noted of a request. */
export interface Noted {
  /** Undefined: it has none. */
  readonly requestId: string | undefined;
  readonly route: string;
  /** When its headers had come, in monotonic milliseconds. */
  readonly began: number;
  /** Whether its end was waited for on purpose, so that it says nothing of how fast the server is. Undefined: its answer tells. */
  readonly lasts?: boolean;
}

/** Counts and times requests, and notes each at level debug; `handle` stands in front of the routes. */
@Injectable()
export class HttpMetrics {
  private readonly logger = new Logger('Http');
  /** A line that nobody will see costs as much as the answer's headers. */
  private readonly isLogged: boolean;
  private readonly requests: Counter<'method' | 'route' | 'status'>;
  private readonly durations: Histogram<'method' | 'route'>;

  constructor(
    metrics: Metrics,
    private readonly clock: Clock,
    private readonly context: RequestContext,
    private readonly refusals: Refusals,
    { logs }: Config,
  ) {
    this.isLogged = LOGGED.has(logs.level);
    this.requests = metrics.counterBy('flagwire_http_requests_total', 'Requests that ended', 'method', 'route', 'status');
    metrics.countersBy(
      'flagwire_refused_requests_total',
      'Requests, upgrades and handshakes that were refused, and requests on sockets, by the code of the answer',
      'code',
      () => refusals.byCode(),
    );
    this.durations = metrics.histogramBy(
      'flagwire_http_request_duration_seconds',
      'Requests from their headers to the end of their answer, without streams and long polls',
      SECONDS,
      'method',
      'route',
    );
  }

  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    const began = this.clock.monotonic();
    const requestId = this.context.current?.requestId;
    response.once('close', () => {
      this.note(request, response, { requestId, route: routeOf(request), began });
      const code = problemCodeOf(response);
      if (code !== null) this.refusals.note({ code });
    });
    next();
  };

  /** Of a request that does not come to the routes, and whose headers have just come. @param route the pattern of theirs. */
  begin(request: Request, route: string): Noted & { readonly requestId: string } {
    return { requestId: requestIdOf(request), route, began: this.clock.monotonic() };
  }

  /** The same of a stream. */
  beginLasting(request: Request, route: string): Noted & { readonly requestId: string } {
    return { ...this.begin(request, route), lasts: true };
  }

  /** Notes an answer that was given in front of the routes: at once where all of it is out, which spares a listener. */
  noteInFront(request: Request, response: Response, facts: Noted): void {
    if (response.writableFinished) this.note(request, response, facts);
    else response.once('close', () => this.note(request, response, facts));
  }

  /** Of a request that has ended. */
  note(request: Request, response: Response, { requestId, route, began, lasts = isLong(request, response) }: Noted): void {
    const ms = this.clock.monotonic() - began;
    const method = METHODS.has(request.method) ? request.method : OTHER;
    const status = response.headersSent ? String(response.statusCode) : 'aborted';
    this.requests.inc({ method, route, status });
    if (response.writableFinished && !lasts) this.durations.observe({ method, route }, ms / 1000);
    if (this.isLogged)
      this.logger.debug({ msg: 'request', request_id: requestId, method, route, status: Number(status), ms: Math.round(ms) });
  }
}

/** The pattern of the route that answered, never the path itself. */
function routeOf(request: Request): string {
  const { path } = (request.route ?? {}) as { path?: unknown };
  return typeof path === 'string' ? path : OTHER;
}

function isLong(request: Request, response: Response): boolean {
  return WAITS.test(request.url) || String(response.getHeader('Content-Type')).startsWith('text/event-stream');
}
