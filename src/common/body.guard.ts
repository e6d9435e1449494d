import { setImmediate } from 'node:timers/promises';
import { type CanActivate, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { type Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { type BodyLimits, bodyReader, lengthOf, type ReadBody } from './body-reader.js';
import { documentReader } from './document-reader.js';

/** Bytes. */
const LARGE = 64 * 1024;
const DOCUMENT_BODY = 'flagwire:document-body';

/** Of a route that takes whole documents: a body may be larger here than elsewhere. */
export const DocumentBody = () => SetMetadata(DOCUMENT_BODY, true);

/**
 * Lets a request by once its body has been read. It stands behind the guard of the routes, not in front of it as parsers do elsewhere:
 * whoever may not use a route does not make the server read and parse anything. No interceptor, since Nest makes a chain of
 * Observables of these for each request, also where there is nothing to read.
 */
export class BodyGuard implements CanActivate {
  private readonly read: ReadBody;
  private readonly readDocument: ReadBody;

  constructor(
    private readonly reflector: Reflector,
    limits: { readonly body: BodyLimits; readonly document: BodyLimits },
  ) {
    this.read = bodyReader(limits.body);
    this.readDocument = documentReader(limits.document);
  }

  canActivate(context: ExecutionContext): true | Promise<true> {
    if (context.getType() !== 'http') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    return mayHaveBody(request) ? this.admit(request, http.getResponse<Response>(), context.getHandler()) : true;
  }

  private async admit(request: Request, response: Response, handler: ReturnType<ExecutionContext['getHandler']>): Promise<true> {
    const isDocument = this.reflector.get<boolean | undefined>(DOCUMENT_BODY, handler) === true;
    await (isDocument ? this.readDocument : this.read)(request, response);
    // What is checked of a large body has a turn of its own, after the one in which it was parsed.
    if (lengthOf(request) >= LARGE) await setImmediate();
    return true;
  }
}

/** What a GET carries has no meaning (RFC 9110 section 9.3.1). */
function mayHaveBody({ method, headers }: Request): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}
