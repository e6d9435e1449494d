import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ChangeFeed } from '../changes/change-feed.js';
import { Ledger } from './ledger.js';
import { ReceiptRows } from './receipt-rows.js';

const EVERY_MS = 1000;
/** Each time in so many, rows of nodes that are gone are looked for. */
const PRUNED_EVERY = 60;

/** Writes this node's rows once a second, and looks for acknowledgements that came to another node. */
@Injectable()
export class ReceiptWriter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Receipts');
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  private rounds = 0;
  /** Rounds that have been written, and those that could not be. */
  readonly figures = { written: 0, failed: 0 };

  constructor(
    private readonly rows: ReceiptRows,
    private readonly ledger: Ledger,
    private readonly feed: ChangeFeed,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.running;
    // Where the database is away the rows stay: then the node counts as missing until it is forgotten.
    await this.rows.remove().catch(() => undefined);
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.round().finally(() => this.schedule());
    }, EVERY_MS);
  }

  /** Never rejects: what could not be written is written the next time. */
  private async round(): Promise<void> {
    // Before the first load the database may not even be open.
    if (!this.feed.loaded) return;
    try {
      for (const { strays, ageMs } of await this.rows.strays()) this.ledger.takeStrays(strays, ageMs);
      await this.rows.write();
      if (this.rounds % PRUNED_EVERY === 0) await this.rows.prune({ predecessors: this.rounds === 0 });
      this.rounds += 1;
      this.figures.written += 1;
    } catch (error) {
      this.figures.failed += 1;
      this.logger.debug(`Not written: ${String(error)}`);
    }
  }
}
