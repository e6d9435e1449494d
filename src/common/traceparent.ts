import { context, type Context, isSpanContextValid, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { type RequestContext } from './request-context.js';

/**
 * What runs now, as a `traceparent` (W3C Trace Context, section 3.2): the active span where an OpenTelemetry SDK is at work,
 * else what the client sent; null where there is neither.
 */
export function currentTraceparent(requests: RequestContext): string | null {
  const span = trace.getSpanContext(context.active());
  if (span === undefined || !isSpanContextValid(span)) return requests.current?.traceparent ?? null;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/** The context in which a span is a child of that one; null: of none. */
export function childOf(traceparent: string | null): Context {
  if (traceparent === null) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true });
}
