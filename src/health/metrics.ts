import { Injectable } from '@nestjs/common';
import { Gauge, Counter, Registry } from 'prom-client';
import { ChangeFeed } from '../changes/change-feed.js';
import { WakeUps } from '../changes/wake-ups.js';
import { SyncHub } from '../sync/sync-hub.js';

/** The figures of this node, gathered when they are asked for. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  constructor(feed: ChangeFeed, wakeUps: WakeUps, hub: SyncHub) {
    this.perEnvironment('flagwire_replica_revision', 'Revision that this node serves', () =>
      [...feed.all()].map(({ environment, head }) => [environment, head.revision]),
    );
    this.perEnvironment('flagwire_head_revision', 'Revision at the head of the log, as last read', () =>
      [...feed.all()].map(({ environment }) => [environment, feed.headRevision(environment.id) ?? 0]),
    );
    this.perEnvironment('flagwire_flags', 'Flags that this node serves', () =>
      [...feed.all()].map(({ environment, flagCount }) => [environment, flagCount]),
    );
    this.gauge('flagwire_log_age_seconds', 'Time since the log was last read successfully', () => feed.ageMs() / 1000);
    this.gauge('flagwire_listener_connected', '1 while wake-ups can arrive', () => Number(wakeUps.listening));
    this.counter('flagwire_wake_ups_total', 'Wake-ups received', () => wakeUps.received);
    this.gauge('flagwire_connections', 'Open streams', () => hub.figures().connections);
    this.gauge('flagwire_lagging_connections', 'Streams that are being fed from the log', () => hub.figures().lagging);
    this.counter('flagwire_encodings_total', 'Encodings of change sets', () => hub.figures().encodings);
    this.counter('flagwire_cut_connections_total', 'Streams cut because their socket made no progress', () => hub.figures().cuts);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  private gauge(name: string, help: string, value: () => number): void {
    const collect = (): void => gauge.set(value());
    const gauge = new Gauge({ name, help, registers: [this.registry], collect });
  }

  private counter(name: string, help: string, value: () => number): void {
    const collect = (): void => {
      counter.reset();
      counter.inc(value());
    };
    const counter = new Counter({ name, help, registers: [this.registry], collect });
  }

  private perEnvironment(name: string, help: string, values: () => [{ key: string; projectKey: string }, number][]): void {
    const collect = (): void => {
      gauge.reset();
      for (const [{ key, projectKey }, value] of values()) gauge.set({ project: projectKey, environment: key }, value);
    };
    const gauge = new Gauge({ name, help, labelNames: ['project', 'environment'], registers: [this.registry], collect });
  }
}
