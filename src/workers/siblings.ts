import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ChangeFeed } from '../changes/change-feed.js';
import { DomainError } from '../common/errors.js';
import { Config } from '../config/config.js';
import { type FromWorker, type ToWorker } from './messages.js';

/** A worker ended or hung while it was asked for its figures: those of the others alone would be too few. */
export class WorkersUnavailable extends DomainError {
  override readonly name = 'WorkersUnavailable';
  readonly code = 'workers_unavailable';
  readonly kind = 'unavailable';
  constructor() {
    super('A worker of this server did not give its figures. Another takes the place of one that has ended: try again.');
  }
}

/** The other workers of this server, seen from one of them. A server without workers has none: nothing here does anything then. */
@Injectable()
export class Siblings {
  /** Whether this process is one of several workers. */
  readonly exist: boolean;
  private readonly asked = new Map<string, (text: string | null) => void>();

  constructor(
    private readonly feed: ChangeFeed,
    { workers }: Config,
  ) {
    this.exist = workers > 1;
    if (this.exist) process.on('message', (message: ToWorker) => void this.hear(message));
  }

  /** Whether others serve already, so that this worker need not take anybody before it can. */
  async areServing(): Promise<boolean> {
    return this.exist && (await this.ask('starting')) !== null;
  }

  /** Says that this worker serves. */
  serving(): void {
    if (this.exist) tell({ kind: 'serving' });
  }

  /** The figures of all workers. @throws WorkersUnavailable */
  async figures(): Promise<string> {
    const text = await this.ask('figures');
    if (text === null) throw new WorkersUnavailable();
    return text;
  }

  /**
   * Whoever asks any worker finds what this one has written: resolves when the others have read the log, have ended, or a second has passed.
   */
  async catchUp(): Promise<void> {
    if (this.exist) await this.ask('written');
  }

  private ask(kind: 'starting' | 'figures' | 'written'): Promise<string | null> {
    const ask = randomUUID();
    return new Promise((resolve) => {
      this.asked.set(ask, resolve);
      tell({ kind, ask });
    });
  }

  private async hear(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case 'answer':
        this.asked.get(message.ask)?.(message.text);
        this.asked.delete(message.ask);
        break;
      case 'catch_up':
        // Where the database cannot be asked, nobody finds anything newer elsewhere.
        await this.feed.catchUp().catch(() => undefined);
        tell({ kind: 'caught_up', ask: message.ask });
        break;
      default:
      // What Node and the figures' library say to each other.
    }
  }
}

function tell(message: FromWorker): void {
  // The channel is closed where the process that keeps the workers has ended: this one ends then, too.
  if (process.connected) process.send?.(message);
}
