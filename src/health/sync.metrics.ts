import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Subscription } from 'rxjs';
import { Config } from '../config/config.js';
import { SyncHub } from '../sync/sync-hub.js';
import { Metrics } from './metrics.js';

/** Seconds: from one client to tens of thousands. */
const READ_TO_WRITE = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** Who is connected to this node, and what is sent to them. */
@Injectable()
export class SyncMetrics implements OnApplicationShutdown {
  private readonly following: Subscription;

  constructor(metrics: Metrics, hub: SyncHub, config: Config) {
    const { figures } = hub;
    const by = (values: () => Record<string, number>) => () => Object.entries(values());
    metrics.gaugesBy(
      'flagwire_connections',
      'Open connections',
      'transport',
      by(() => figures.connections()),
    );
    metrics.gauge('flagwire_connections_limit', 'Connections that this node takes', () => config.maxConnections);
    metrics.gauge('flagwire_lagging_connections', 'Connections that are being fed from the log', () => figures.lagging());
    metrics.countersBy(
      'flagwire_cut_connections_total',
      'Connections ended without a word',
      'reason',
      by(() => figures.cuts),
    );
    metrics.countersBy(
      'flagwire_ended_connections_total',
      'Connections ended in order, newcomers that were sent away among them',
      'reason',
      by(() => figures.ends),
    );
    metrics.countersBy(
      'flagwire_refused_connections_total',
      'Connections sent away because there are as many as there may be',
      'limit',
      by(() => figures.refused),
    );
    metrics.counter('flagwire_encodings_total', 'Encodings of change sets', () => figures.encodings);
    metrics.countersBy(
      'flagwire_deliveries_total',
      'Change sets handed to connections that are up to date',
      'transport',
      by(() => figures.deliveries),
    );
    metrics.countersBy(
      'flagwire_sent_bytes_total',
      'Bytes of frames that connections were sent',
      'transport',
      by(() => figures.bytes()),
    );
    const readToWrite = metrics.histogramBy(
      'flagwire_read_to_write_seconds',
      'From the reading of changes to their writing to the last connection that is up to date',
      READ_TO_WRITE,
    );
    this.following = figures.published.subscribe((ms) => readToWrite.observe(ms / 1000));
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
  }
}
