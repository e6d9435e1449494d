import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { type HttpProblem, problemOf } from './problem.js';
import { withoutSecrets } from './redact.js';
import { leaveUnread } from './unread-body.js';

/** A refusal quotes what was sent, and a key may have been sent anywhere. */
function hide(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? withoutSecrets(value) : value;
}

/** By which code the request was refused; null: it was not. */
export function problemCodeOf({ locals }: Response): string | null {
  return (locals as { problemCode?: string }).problemCode ?? null;
}

/** An error as it is sent. */
export interface Representation {
  readonly status: number;
  /** Of its content. */
  readonly type: string;
  readonly content: object;
}

/**
 * Every error of every route as problem+json (RFC 9457). Writes with `end`: Express's own `send` would add an ETag and might
 * turn the answer into a 304. Never throws.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = problemOf(error);
    if (problem.isUnexpected) this.logger.error(error);
    // A socket gateway answers its own messages.
    if (host.getType() !== 'http') return;
    const http = host.switchToHttp();
    this.answer(http.getRequest<Request>(), http.getResponse<Response>(), problem);
  }

  /** For routes whose own protocol says how an error looks. */
  protected represent(_request: Request, { body }: HttpProblem): Representation {
    return { status: body.status, type: 'application/problem+json', content: body };
  }

  private answer(request: Request, response: Response, problem: HttpProblem): void {
    if (response.headersSent) {
      // The status is out: only a broken connection can still say that the answer is not whole.
      response.destroy();
      return;
    }
    response.locals['problemCode'] = problem.body.code;
    const requestId = response.getHeader('X-Request-Id');
    const { status, type, content } = this.represent(request, problem);
    const bytes = Buffer.from(JSON.stringify({ ...content, request_id: requestId }, hide));
    // What the route had planned to say of its own answer does not hold for this one.
    for (const name of ['ETag', 'Last-Modified', 'Content-Encoding', 'Transfer-Encoding', 'Location'])
      response.removeHeader(name);
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
    leaveUnread(request, response);
    response.statusCode = status;
    response.setHeader('Content-Type', type);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Length', bytes.length);
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }
}
