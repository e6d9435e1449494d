import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { SyncHub } from '../sync/sync-hub.js';
import { Metrics } from './metrics.js';

/** Who is connected to this node, and what is sent to them. */
@Injectable()
export class SyncMetrics {
  constructor(metrics: Metrics, hub: SyncHub, config: Config) {
    metrics.gaugesBy('flagwire_connections', 'Open connections', 'transport', () => Object.entries(hub.figures().connections));
    metrics.gauge('flagwire_connections_limit', 'Streams that this node takes', () => config.maxConnections);
    metrics.gauge('flagwire_lagging_connections', 'Streams that are being fed from the log', () => hub.figures().lagging);
    metrics.counter('flagwire_encodings_total', 'Encodings of change sets', () => hub.figures().encodings);
    metrics.counter(
      'flagwire_cut_connections_total',
      'Streams cut because their socket made no progress',
      () => hub.figures().cuts,
    );
  }
}
