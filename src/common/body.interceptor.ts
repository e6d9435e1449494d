import { setImmediate } from 'node:timers/promises';
import { type CallHandler, type ExecutionContext, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { type Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { type Observable } from 'rxjs';
import { type BodyLimits, bodyReader, lengthOf, type ReadBody } from './body-reader.js';
import { documentReader } from './document-reader.js';

/** Bytes. */
const LARGE = 64 * 1024;
const DOCUMENT_BODY = 'flagwire:document-body';

/** Of a route that takes whole documents: a body may be larger here than elsewhere. */
export const DocumentBody = () => SetMetadata(DOCUMENT_BODY, true);

/**
 * Reads bodies. It stands behind the guard, not in front of it as parsers do elsewhere: whoever may not use a route does not make
 * the server read and parse anything.
 */
export class BodyInterceptor implements NestInterceptor {
  private readonly read: ReadBody;
  private readonly readDocument: ReadBody;

  constructor(
    private readonly reflector: Reflector,
    limits: { readonly body: BodyLimits; readonly document: BodyLimits },
  ) {
    this.read = bodyReader(limits.body);
    this.readDocument = documentReader(limits.document);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (!mayHaveBody(request)) return next.handle();
    const isDocument = this.reflector.get<boolean | undefined>(DOCUMENT_BODY, context.getHandler()) === true;
    const read = isDocument ? this.readDocument : this.read;
    // What is checked of a large body has a turn of its own, after the one in which it was parsed.
    return read(request, http.getResponse<Response>())
      .then(() => (lengthOf(request) < LARGE ? undefined : setImmediate()))
      .then(() => next.handle());
  }
}

/** What a GET carries has no meaning (RFC 9110 section 9.3.1). */
function mayHaveBody({ method, headers }: Request): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}
