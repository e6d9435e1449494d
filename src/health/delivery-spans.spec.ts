import { SpanKind, trace } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeFeed, setAfter, updated } from '../changes/change-feed.fake.js';
import { EncodedChangeSet } from '../changes/encoded-change-set.js';
import { FakeClock } from '../common/clock.fake.js';
import { DeliverySpans } from './delivery-spans.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

let feed: FakeFeed;
let clock: FakeClock;
let spans: DeliverySpans;

beforeEach(() => {
  feed = new FakeFeed();
  clock = new FakeClock();
  spans = new DeliverySpans(feed, clock);
});
afterEach(() => spans.onApplicationShutdown());

/** One change set, read by the node three milliseconds after its commit. */
function read(traceparent: string | null): void {
  const { before, after, httpDate, commit, events } = setAfter(feed.head, [updated('a')]);
  const set = new EncodedChangeSet(before, after, httpDate, { ...commit, traceparent, readAfterMs: 3 }, events);
  feed.updates.next({ kind: 'changed', replica: feed.present, sets: [set] });
}

describe('a delivery, with an OpenTelemetry SDK,', () => {
  const exporter = new InMemorySpanExporter();
  beforeEach(() => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterEach(() => {
    trace.disable();
    exporter.reset();
  });

  it('is a span in the trace of the change, from its commit until everybody who follows the feed was told', async () => {
    const began = clock.now();
    // Those who come after it.
    feed.updates.subscribe(() => {
      clock.time += 7;
      expect(exporter.getFinishedSpans()).toEqual([]);
    });
    read(`00-${TRACE}-${PARENT}-01`);
    await Promise.resolve();
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      name: 'flagwire.deliver',
      kind: SpanKind.PRODUCER,
      parentSpanContext: { spanId: PARENT, isRemote: true },
    });
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span && [span.startTime, span.endTime].map(hrTimeToMilliseconds)).toEqual([began - 3, began + 7]);
    expect(span?.attributes).toEqual({
      'flagwire.project': 'shop',
      'flagwire.environment': 'production',
      'flagwire.revision': 1,
      'flagwire.events': 1,
    });
  });

  it('is a trace of its own where the change has none, and none where its trace is not sampled', async () => {
    read(null);
    read(`00-${TRACE}-${PARENT}-00`);
    await Promise.resolve();
    const finished = exporter.getFinishedSpans();
    expect(finished.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined]);
    expect(finished[0]?.spanContext().traceId).not.toBe(TRACE);
  });

  it('is no span where a replica is loaded anew', async () => {
    feed.updates.next({ kind: 'reset', replica: feed.present });
    await Promise.resolve();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

describe('a delivery without an SDK', () => {
  it('is done all the same', () => {
    let told = 0;
    feed.updates.subscribe(() => (told += 1));
    read(null);
    expect(told).toBe(1);
  });
});
