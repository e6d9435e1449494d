import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { concatMap, type Observable } from 'rxjs';

/** An answer with headers of its own. */
export class Reply<T> {
  constructor(
    readonly body: T,
    readonly headers: Readonly<Record<string, string>>,
    /** Waits for what has to be true before it is sent; called after the commit of what it tells of. */
    readonly ready: () => Promise<void> = () => Promise.resolve(),
  ) {}
}

/** Waits until a Reply may be sent, sets its headers and goes on with its body; other answers stay as they are. */
@Injectable()
export class ReplyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      concatMap(async (answer: unknown) => {
        if (!(answer instanceof Reply)) return answer;
        await answer.ready();
        response.set(answer.headers);
        return answer.body as unknown;
      }),
    );
  }
}
