import { AsyncLocalStorage } from 'node:async_hooks';
import { context, type Context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Request, type Response } from 'express';
import { RequestContext } from './request-context.js';
import { childOf, currentTraceparent } from './traceparent.js';

const SENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OWN = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00';

/** What an SDK registers. */
class ContextsOfAnSdk implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();
  active = (): Context => this.storage.getStore() ?? ROOT_CONTEXT;
  with: ContextManager['with'] = (active, act, thisArg, ...args) =>
    this.storage.run(active, () => act.call(thisArg as never, ...args));
  bind: ContextManager['bind'] = (_, target) => target;
  enable = (): this => this;
  disable = (): this => this;
}

const requests = new RequestContext();

function whileServing(act: () => string | null): string | null {
  let found: string | null = null;
  const request = { headers: { traceparent: SENT } } as unknown as Request;
  requests.handle(request, { setHeader: () => undefined } as unknown as Response, () => {
    found = act();
  });
  return found;
}

describe('the present traceparent', () => {
  afterEach(() => context.disable());

  it('is what the client sent', () => {
    expect(whileServing(() => currentTraceparent(requests))).toBe(SENT);
  });

  it('is the active span of an SDK, which knows better', () => {
    context.setGlobalContextManager(new ContextsOfAnSdk());
    expect(whileServing(() => context.with(childOf(OWN), () => currentTraceparent(requests)))).toBe(OWN);
  });

  it('is none outside of requests', () => {
    expect(currentTraceparent(requests)).toBeNull();
  });
});

describe('a child', () => {
  it('is of the span that the traceparent names', () => {
    const { traceId, spanId, traceFlags, isRemote } = trace.getSpanContext(childOf(SENT)) ?? {};
    expect([traceId, spanId, traceFlags, isRemote]).toEqual([SENT.slice(3, 35), SENT.slice(36, 52), 1, true]);
  });

  it('is of none without one', () => {
    expect(trace.getSpanContext(childOf(null))).toBeUndefined();
  });
});
