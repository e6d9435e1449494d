import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SpanKind, trace, type TracerProvider } from '@opentelemetry/api';
import { type Subscription } from 'rxjs';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { Clock } from '../common/clock.js';
import { childOf } from '../common/traceparent.js';
import { within } from '../common/within.js';

/** For the last spans: a collector that does not answer keeps nobody. */
const FLUSH_MS = 1000;

/** What the providers of SDKs have, and the API does not know. */
interface SdkProvider extends TracerProvider {
  /** Of the API's own provider: the one that was registered. */
  getDelegate?: () => SdkProvider;
  forceFlush?: () => Promise<void>;
}

type Changed = Extract<FeedUpdate, { kind: 'changed' }>;

/**
 * A span of OpenTelemetry for each change set and node, in the trace of whoever made the change: from its commit until the node
 * has handed it to its clients. Nothing where no SDK was loaded.
 */
@Injectable()
export class DeliverySpans implements OnApplicationShutdown {
  private readonly following: Subscription;

  constructor(
    feed: ChangeFeed,
    private readonly clock: Clock,
  ) {
    this.following = feed.updates.subscribe((update) => {
      if (update.kind === 'changed') this.trace(update);
    });
  }

  /** SDKs send in batches: without this the last seconds of a node would be in no trace. */
  async onApplicationShutdown(): Promise<void> {
    this.following.unsubscribe();
    const provider: SdkProvider = trace.getTracerProvider();
    const flushed = (provider.getDelegate?.() ?? provider).forceFlush?.();
    if (flushed === undefined) return;
    await within(flushed, FLUSH_MS, () => new Error('The collector does not answer.')).catch(() => undefined);
  }

  private trace({ replica: { environment }, sets }: Changed): void {
    const tracer = trace.getTracer('flagwire');
    const spans = sets.map(({ after, commit, events }) => {
      const attributes = {
        'flagwire.project': environment.projectKey,
        'flagwire.environment': environment.key,
        'flagwire.revision': after.revision,
        'flagwire.events': events.length,
      };
      // By this node's clock, as spans are; how long ago that was is known by the database's.
      const startTime = this.clock.now() - (commit.readAfterMs ?? 0);
      return tracer.startSpan(
        'flagwire.deliver',
        { kind: SpanKind.PRODUCER, attributes, startTime },
        childOf(commit.traceparent),
      );
    });
    // Whoever else follows the feed, the clients' connections among them, is told in this turn.
    queueMicrotask(() => {
      for (const span of spans) span.end(this.clock.now());
    });
  }
}
