import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { defer, lastValueFrom, type Observable } from 'rxjs';
import { bearerToken } from '../../auth/credentials.js';
import { IdempotentAnswers, type IdempotentRequest } from '../../auth/idempotency/idempotent-answers.js';
import { type BodyHolder } from '../../common/body-reader.js';
import { InvalidInput } from '../../common/errors.js';
import { Reply } from './reply.js';
import { WriteReplies } from './write-replies.js';

const HEADER = 'Idempotency-Key';
/** 1 to 255 visible ASCII characters, bare or as the quoted string of draft-ietf-httpapi-idempotency-key-header. */
const KEY = /^(?:"([!#-[\]-~]{1,255})"|([!#-+\--[\]-~]{1,255}))$/;

/** @throws InvalidInput */
function keyIn(header: string | string[]): string {
  const [, quoted, bare] = KEY.exec(String(header)) ?? [];
  const key = quoted ?? bare;
  if (key !== undefined) return key;
  const message = 'must be one key of 1 to 255 visible ASCII characters without quotes, commas and backslashes, such as a UUID';
  throw new InvalidInput([{ path: HEADER, message }]);
}

function identify(request: Request & BodyHolder, header: string | string[]): IdempotentRequest {
  const { method, originalUrl, headers, bodyDigest = null } = request;
  const credential = bearerToken(headers.authorization);
  if (credential === undefined) throw new TypeError(`${HEADER} on a route without an admin token`);
  const whole = JSON.stringify([method, originalUrl, headers['if-match'] ?? null, bodyDigest]);
  return { credential, idempotencyKey: keyIn(header), fingerprint: createHash('sha256').update(whole).digest('base64') };
}

/** A POST with an `Idempotency-Key` is done once: sent again, it gets the same answer. Stands inside of `ReplyInterceptor`. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly replies: WriteReplies,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const header = request.headers['idempotency-key'];
    if (request.method !== 'POST' || header === undefined) return next.handle();
    return defer(() => this.answer(identify(request, header), http.getResponse<Response>(), next));
  }

  private async answer(request: IdempotentRequest, response: Response, next: CallHandler): Promise<Reply<unknown>> {
    let fresh: Reply<unknown> | null = null;
    const { status, headers, body } = await this.answers.once(request, async () => {
      const given: unknown = await lastValueFrom(next.handle());
      fresh = given instanceof Reply ? given : new Reply(given, {});
      return { status: response.statusCode, headers: fresh.headers, body: fresh.body };
    });
    if (fresh !== null) return fresh;
    response.status(status);
    return this.replies.again(body, headers);
  }
}
