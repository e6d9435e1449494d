import { type Clock } from '../common/clock.js';
import { DatabaseUnavailable } from '../common/errors.js';

/** The ids of one load, and what those who wait for it are told. */
class Batch {
  readonly ids = new Set<string>();
  readonly done: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Nobody need wait: then a failure is told by `onFailure` alone.
    this.done.catch(() => undefined);
  }
}

interface ReloadOptions {
  /** Ids that are no longer wanted when the answer comes have left the set: they are not to be applied. */
  load: (ids: ReadonlySet<string>) => Promise<void>;
  onFailure: (error: unknown) => void;
  /** Between a failed load and the next try. */
  retryMs: number;
}

/**
 * Loads again what changed, one load at a time. A request that comes while a load is under way is served by the next one,
 * so that whatever was committed before the request is seen. A load that fails is tried again until it succeeds.
 */
export class ReloadQueue {
  private waiting = new Batch();
  private running: Batch | null = null;
  private timer: NodeJS.Timeout | null = null;
  private waitingSince: number | null = null;
  private stopped = false;

  constructor(
    private readonly options: ReloadOptions,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks for a load of `id`; resolves when one that began after this call has been applied.
   * @throws what the load throws; it is tried again all the same.
   */
  request(id: string): Promise<void> {
    if (this.stopped) return Promise.reject(new DatabaseUnavailable());
    this.waiting.ids.add(id);
    this.waitingSince ??= this.clock.monotonic();
    const { done } = this.waiting;
    this.run().catch(() => undefined);
    return done;
  }

  /** The answer of the load under way is not to be applied to `id`. */
  disregard(id: string): void {
    this.running?.ids.delete(id);
  }

  /** For how long a request has been waiting; 0 while none is. */
  overdueMs(): number {
    return this.waitingSince === null ? 0 : this.clock.monotonic() - this.waitingSince;
  }

  /** Begins no more loads. */
  stop(): void {
    this.stopped = true;
    this.clearTimer();
    this.waiting.reject(new DatabaseUnavailable());
  }

  private async run(): Promise<void> {
    if (this.running !== null) return;
    this.clearTimer();
    while (this.waiting.ids.size > 0 && !this.stopped) {
      const batch = this.waiting;
      this.running = batch;
      this.waiting = new Batch();
      const isLoaded = await this.load(batch);
      this.running = null;
      if (!isLoaded) return;
    }
  }

  private async load(batch: Batch): Promise<boolean> {
    const began = this.clock.monotonic();
    try {
      await this.options.load(batch.ids);
    } catch (error) {
      for (const id of batch.ids) this.waiting.ids.add(id);
      this.retryLater();
      this.options.onFailure(error);
      batch.reject(error);
      return false;
    }
    this.waitingSince = this.waiting.ids.size === 0 ? null : began;
    batch.resolve();
    return true;
  }

  private retryLater(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.run().catch(() => undefined);
    }, this.options.retryMs);
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
