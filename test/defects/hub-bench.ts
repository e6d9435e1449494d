import { parseFilter } from '@flagwire/protocol/sync';
import { DataSource } from 'typeorm';
import { KeyRing } from '../../src/auth/key-ring.js';
import { ENVIRONMENT, FakeFeed, flags } from '../../src/changes/change-feed.fake.js';
import { Resumption } from '../../src/changes/resumption.js';
import { subscriptionTo } from '../../src/changes/subscription.js';
import { FakeClock } from '../../src/common/clock.fake.js';
import { FakeRandom } from '../../src/common/random.fake.js';
import { Config, readConfig } from '../../src/config/config.js';
import { type Settings } from '../../src/config/settings.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { FakeOutlet } from '../../src/sync/outlet.fake.js';
import { Ledger } from '../../src/receipts/ledger.js';
import { ReconnectAdvice } from '../../src/sync/reconnect-advice.js';
import { RoomParts } from '../../src/sync/room-parts.js';
import { SyncHub } from '../../src/sync/sync-hub.js';
import { type SyncSession } from '../../src/sync/sync-session.js';
import { FakeTurns } from '../../src/sync/turns.fake.js';

export interface Connection {
  session: SyncSession;
  outlet: FakeOutlet;
  close: () => void;
}

/** The real hub over a log that lies in memory, with connections that read when the test says so. */
export class HubBench {
  readonly feed = new FakeFeed(flags('a', 'b', 'c'));
  readonly clock = new FakeClock();
  readonly config: Config;
  readonly hub: SyncHub;
  /** Who has what. */
  readonly ledger: Ledger;
  /** Come at once if not held. */
  readonly turns = new FakeTurns();
  private readonly keys: KeyRing;
  private made = 0;

  constructor(settings: Partial<Settings> = {}) {
    this.config = new Config({ ...readConfig({ DATABASE_URL: 'sqlite:never-opened.db' }), ...settings });
    const { feed, clock, config } = this;
    // Never opened: nobody asks it for keys here.
    const database = new Database(new DataSource(dataSourceOptions(config)), config);
    this.keys = new KeyRing(database, feed, config, clock);
    this.ledger = new Ledger(feed, clock, config);
    this.hub = new SyncHub(
      feed,
      new RoomParts(feed, new Resumption(feed), this.ledger, this.turns, config),
      new ReconnectAdvice(config, new FakeRandom()),
      this.keys,
      config,
    );
  }

  /** After a history was replaced: its keys would be read again and again, from a database that is never there. */
  stop(): void {
    this.keys.onApplicationShutdown();
  }

  /** @param cursor as presented; null: none. */
  connect(cursor: string | null, outlet = new FakeOutlet(), wanted: readonly string[] = ['*']): Connection {
    this.made += 1;
    const subscription = subscriptionTo(parseFilter(wanted));
    const holder = { keyId: 'key', kind: 'server', viaTicket: false, address: '192.0.2.1' } as const;
    const subscriber = { connectionId: `connection-${this.made}`, holder, subscription, client: null };
    const session = this.hub.open(ENVIRONMENT.id, subscriber, outlet);
    session.begin(cursor);
    return { session, outlet, close: () => this.hub.close(session, ENVIRONMENT.id) };
  }

  /** A connection that is live, and has forgotten what it was sent so far. */
  live(outlet = new FakeOutlet()): Connection {
    const connection = this.connect(null, outlet);
    outlet.clear();
    return connection;
  }
}
