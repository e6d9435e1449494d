import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Histogram } from 'prom-client';
import { type Subscription } from 'rxjs';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { Resumption } from '../changes/resumption.js';
import { WakeUps } from '../changes/wake-ups.js';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

/** Seconds: from one database round trip to an outage. */
const COMMIT_TO_READ = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** How far this node is with the log, and how fast it reads it. */
@Injectable()
export class FeedMetrics implements OnApplicationShutdown {
  private loads = 0;
  private readonly commitToRead: Histogram;
  private readonly following: Subscription;

  constructor(metrics: Metrics, feed: ChangeFeed, wakeUps: WakeUps, readiness: Readiness, resumption: Resumption) {
    const each = (value: (replica: EnvironmentReplica) => number) => () =>
      [...feed.all()].map((replica): [EnvironmentReplica['environment'], number] => [replica.environment, value(replica)]);
    metrics.gauge('flagwire_ready', '1 while /health/ready answers 200', () => Number(readiness.answer().ready));
    metrics.perEnvironment(
      'flagwire_replica_revision',
      'Revision that this node serves',
      each(({ head }) => head.revision),
    );
    metrics.perEnvironment(
      'flagwire_head_revision',
      'Revision at the head of the log, as last read',
      each(({ environment }) => feed.headRevision(environment.id) ?? 0),
    );
    metrics.perEnvironment(
      'flagwire_flags',
      'Flags that this node serves',
      each(({ flagCount }) => flagCount),
    );
    metrics.gauge('flagwire_unreadable_environments', 'Environments whose log cannot be read', () => feed.unreadable);
    metrics.gauge('flagwire_log_age_seconds', 'Time since the log was last read successfully', () => feed.ageMs() / 1000);
    metrics.gauge('flagwire_listener_connected', '1 while wake-ups can arrive', () => Number(wakeUps.hearing === 'ok'));
    metrics.counter('flagwire_wake_ups_total', 'Wake-ups received', () => wakeUps.received);
    metrics.countersBy('flagwire_resyncs_total', 'Readers that had to be sent all flags', 'reason', () => resumption.fullSyncs);
    metrics.counter('flagwire_replica_loads_total', 'Environments loaded as a whole', () => this.loads);
    this.commitToRead = metrics.histogramBy(
      'flagwire_commit_to_read_seconds',
      "From the writing of a change set to its reading by this node, by the database's clock",
      COMMIT_TO_READ,
    );
    this.following = feed.updates.subscribe((update) => this.note(update));
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
  }

  private note(update: FeedUpdate): void {
    if (update.kind === 'reset') this.loads += 1;
    if (update.kind !== 'changed') return;
    for (const { readAfterMs } of update.sets.map(({ commit }) => commit)) {
      if (readAfterMs !== null) this.commitToRead.observe(readAfterMs / 1000);
    }
  }
}
