import { SyncFigures } from './sync-figures.js';
import { type FlagFilter } from '@flagwire/protocol/sync';
import { type FakeFeed } from '../changes/change-feed.fake.js';
import { ENVIRONMENT } from '../changes/change-feed.fake.js';
import { FakeClock } from '../common/clock.fake.js';
import { readConfig } from '../config/config.js';
import { Resumption } from '../changes/resumption.js';
import { subscriptionTo } from '../changes/subscription.js';
import { Ledger } from '../receipts/ledger.js';
import { SetFrames } from './encodings.js';
import { EnvironmentRoom, forEachSafely } from './environment-room.js';
import { FakeOutlet } from './outlet.fake.js';
import { SyncSession } from './sync-session.js';
import { FakeTurns } from './turns.fake.js';

export const LAG_BYTES = 10_000;
export const RETRY_MS = 1234;

export interface Guest {
  session: SyncSession;
  outlet: FakeOutlet;
}

/** A real room on a feed that the test leads, with connections that the test reads. */
export class TestRoom {
  /** Throws that have ended a connection. */
  readonly reported: unknown[] = [];
  encodings = 0;
  readonly room: EnvironmentRoom;
  readonly clock = new FakeClock();
  /** Come at once if not held. */
  readonly turns = new FakeTurns();
  readonly ledger: Ledger;
  private guests = 0;

  constructor(readonly feed: FakeFeed) {
    const frames = new SetFrames(() => (this.encodings += 1));
    const resumption = new Resumption(feed);
    this.ledger = new Ledger(feed, this.clock, readConfig({}));
    this.room = new EnvironmentRoom(ENVIRONMENT.id, {
      feed,
      resumption,
      ledger: this.ledger,
      frames,
      figures: new SyncFigures([]),
      turns: this.turns,
      report: (error) => this.reported.push(error),
      lagBytes: LAG_BYTES,
      askAgainMs: 250,
    });
    feed.updates.subscribe((update) => {
      if (update.kind === 'changed') this.room.publish(update.sets);
      if (update.kind === 'reset') this.room.reset();
      if (update.kind === 'removed') forEachSafely(this.room.members, (session) => session.goodbye('environment_deleted', null));
    });
  }

  /** A connection that presents a cursor. */
  enter(presented: string | null = null, filter: FlagFilter | null = null, outlet = new FakeOutlet()): Guest {
    this.guests += 1;
    const holder = { keyId: 'key-1', kind: 'server', viaTicket: false, address: '192.0.2.1' } as const;
    const subscriber = { connectionId: `connection-${this.guests}`, holder, subscription: subscriptionTo(filter), client: null };
    const session = new SyncSession(subscriber, outlet, this.room, RETRY_MS);
    this.room.members.add(session);
    session.begin(presented);
    return { session, outlet };
  }

  /** A connection that is live and has forgotten how it came to be. */
  enterLive(filter: FlagFilter | null = null): Guest {
    const guest = this.enter(null, filter);
    guest.outlet.clear();
    return guest;
  }
}

/** Lets promises that are already decided run on; no time passes. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
