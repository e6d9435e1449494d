import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { ChangeFeed } from '../changes/change-feed.js';
import { Config } from '../config/config.js';
import { forEachSafely } from './environment-room.js';
import { frameOf, openText } from './form.js';
import { type Frame } from './frame.js';
import { SyncHub } from './sync-hub.js';
import { type HubSession } from './hub-session.js';
import { type SyncSession } from './sync-session.js';

/** Each round serves one slot in so many, so that no turn of the loop serves everybody. */
const SLOTS = 15;
const STALL_CHECKS = 10;

/** Pings, heartbeats and the search for stalled and old connections: three timers for all connections of the node. */
@Injectable()
export class Pulse implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly slotOf = new WeakMap<HubSession, number>();
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
    this.timers.push(setInterval(() => this.inspect(), stallMs / STALL_CHECKS));
  }

  onApplicationShutdown(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private everySlot(periodMs: number, serve: (sessions: HubSession[]) => void): void {
    let round = 0;
    const turn = () => {
      round = (round + 1) % SLOTS;
      serve([...this.hub.all()].filter((session) => this.slot(session) === round));
    };
    this.timers.push(setInterval(turn, periodMs / SLOTS));
  }

  private slot(session: HubSession): number {
    const known = this.slotOf.get(session);
    if (known !== undefined) return known;
    this.lastSlot = (this.lastSlot + 1) % SLOTS;
    this.slotOf.set(session, this.lastSlot);
    return this.lastSlot;
  }

  private inspect(): void {
    const now = this.clock.monotonic();
    this.hub.cutStalled(now);
    this.hub.retireOld(now);
    this.hub.leaveEmptyRooms(now);
  }

  private ping(sessions: HubSession[]): void {
    forEachSafely(sessions, (session) => {
      const { ping } = session.form;
      if (ping !== null) session.pulse(ping);
    });
  }

  /** One encoding for all who stand at the same cursor, in each form. */
  private heartbeat(sessions: HubSession[]): void {
    const frames = new Map<string, Frame>();
    const data = { timestamp: Math.floor(this.clock.now() / 1000), age_ms: this.feed.ageMs() };
    const text = openText({ type: 'Heartbeat', data });
    const live = sessions.filter((session): session is SyncSession => session.isLive);
    forEachSafely(live, (session) => {
      const { cursor: id, form } = session;
      const key = `${form.transport} ${id}`;
      const frame = frames.get(key) ?? frameOf(form, { openText: text, id });
      frames.set(key, frame);
      session.pulse(frame);
    });
  }
}
