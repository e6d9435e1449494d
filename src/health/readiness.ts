import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../changes/change-feed.js';
import { type Hearing, WakeUps } from '../changes/wake-ups.js';
import { Config } from '../config/config.js';
import { Lifecycle } from './lifecycle.js';
import { ServerVersion } from './server-version.js';

/** Reads of the log that failed for this long are more than a hiccup: the tail tries four times a second. */
const DEGRADED_MS = 1500;

export interface ReadyAnswer {
  ready: boolean;
  status: 'ok' | 'degraded' | 'starting' | 'draining' | 'stale';
  /** Milliseconds since the log was last read; null before the first time. */
  staleness_ms: number | null;
  database: 'ok' | 'unreachable';
  /** Whether wake-ups arrive; without them the tail carries on alone. */
  listener: Hearing;
  /** Of the server. */
  version: string;
}

/** Whether this node should be sent clients. A node without its database still serves what it has. */
@Injectable()
export class Readiness {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly wakeUps: WakeUps,
    private readonly lifecycle: Lifecycle,
    private readonly config: Config,
    private readonly version: ServerVersion,
  ) {}

  answer(): ReadyAnswer {
    const staleness = this.feed.loaded ? this.feed.ageMs() : null;
    const database = staleness !== null && staleness < DEGRADED_MS + this.config.tailMs ? 'ok' : 'unreachable';
    const listener = this.wakeUps.hearing;
    const degraded = database !== 'ok' || listener !== 'ok';
    const obstacle = this.obstacle(staleness);
    return {
      ready: obstacle === null,
      status: obstacle ?? (degraded ? 'degraded' : 'ok'),
      staleness_ms: staleness,
      database,
      listener,
      version: this.version.text,
    };
  }

  private obstacle(staleness: number | null): 'starting' | 'draining' | 'stale' | null {
    if (this.lifecycle.draining) return 'draining';
    if (staleness === null) return 'starting';
    const { maxStalenessMs } = this.config;
    return maxStalenessMs !== null && staleness > maxStalenessMs ? 'stale' : null;
  }
}
