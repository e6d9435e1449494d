import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { ChangeFeed } from '../changes/change-feed.js';
import { Config } from '../config/config.js';
import { controlText, PING } from './event-stream.js';
import { forEachSafely } from './environment-room.js';
import { Frame } from './frame.js';
import { SyncHub } from './sync-hub.js';
import { type SyncSession } from './sync-session.js';

/** Each round serves one slot in so many, so that no turn of the loop serves everybody. */
const SLOTS = 15;
const STALL_CHECKS = 10;

const PING_FRAME = Frame.of(PING);

/** Pings, heartbeats and the search for stalled connections: three timers for all connections of the node. */
@Injectable()
export class Pulse implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly slotOf = new WeakMap<SyncSession, number>();
  private lastSlot = 0;

  constructor(
    private readonly hub: SyncHub,
    private readonly feed: ChangeFeed,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    const { pingMs, heartbeatMs, stallMs } = this.config;
    this.everySlot(pingMs, (sessions) => this.ping(sessions));
    this.everySlot(heartbeatMs, (sessions) => this.heartbeat(sessions));
    this.timers.push(setInterval(() => this.hub.cutStalled(this.clock.monotonic()), stallMs / STALL_CHECKS));
  }

  onApplicationShutdown(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private everySlot(periodMs: number, serve: (sessions: SyncSession[]) => void): void {
    let round = 0;
    const turn = () => {
      round = (round + 1) % SLOTS;
      serve([...this.hub.all()].filter((session) => this.slot(session) === round));
    };
    this.timers.push(setInterval(turn, periodMs / SLOTS));
  }

  private slot(session: SyncSession): number {
    const known = this.slotOf.get(session);
    if (known !== undefined) return known;
    this.lastSlot = (this.lastSlot + 1) % SLOTS;
    this.slotOf.set(session, this.lastSlot);
    return this.lastSlot;
  }

  private ping(sessions: SyncSession[]): void {
    forEachSafely(sessions, (session) => session.pulse(PING_FRAME, this.config.lagBytes));
  }

  /** One encoding for all who stand at the same cursor. */
  private heartbeat(sessions: SyncSession[]): void {
    const frames = new Map<string, Frame>();
    const data = { timestamp: Math.floor(this.clock.now() / 1000), age_ms: this.feed.ageMs() };
    const live = sessions.filter((session) => session.isLive);
    forEachSafely(live, (session) => {
      const id = session.cursor;
      const frame = frames.get(id) ?? Frame.of(controlText(id, { type: 'Heartbeat', data }));
      frames.set(id, frame);
      session.pulse(frame, this.config.lagBytes);
    });
  }
}
