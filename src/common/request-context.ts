import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type NextFunction, type Request, type Response } from 'express';
import { addressOf } from './client-address.js';
import { withoutSecrets } from './redact.js';

/** Who makes a request: an admin token. */
export interface RequestActor {
  readonly id: string;
  readonly name: string;
}

/** What is known of the request that is being served, wherever it is being served. */
export interface RequestFacts {
  /** The client's `X-Request-Id` where it sent a plain one, else drawn; goes back in the answer's header of that name. */
  readonly requestId: string;
  /** The client's address, as `FLAGWIRE_TRUST_PROXY` has it. */
  readonly address: string;
  /** The header of that name (W3C Trace Context, section 3.2); null where there is none, or a malformed one. */
  readonly traceparent: string | null;
  /** Null until the guard knows, and where no admin token is needed. */
  readonly actor: RequestActor | null;
}

/** What may stand in a log line and a header as it is, if it is no secret. */
const PLAIN_ID = /^[\w.-]{1,64}$/;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The request behind whatever runs now; `handle` stands in front of everything else. */
@Injectable()
export class RequestContext {
  private readonly storage = new AsyncLocalStorage<RequestFacts & { actor: RequestActor | null }>();

  /** Null outside of requests: timers, the tail, the start. */
  get current(): RequestFacts | null {
    return this.storage.getStore() ?? null;
  }

  /** From here on the request is this one's. */
  actAs({ id, name }: RequestActor): void {
    const request = this.storage.getStore();
    if (request !== undefined) request.actor = { id, name };
  }

  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    const requestId = requestIdOf(request);
    const { traceparent } = request.headers;
    const isTrace = typeof traceparent === 'string' && TRACEPARENT.test(traceparent);
    response.setHeader('X-Request-Id', requestId);
    const facts = { requestId, address: addressOf(request), traceparent: isTrace ? traceparent : null };
    this.storage.run({ ...facts, actor: null }, next);
  };
}

/** The client's where it sent a plain one, else drawn. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers['x-request-id'];
  const isPlain = typeof sent === 'string' && PLAIN_ID.test(sent) && withoutSecrets(sent) === sent;
  return isPlain ? sent : randomUUID();
}
