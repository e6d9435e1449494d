import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ChangeFeed } from 'flagwire';
import { type Subscription } from 'rxjs';
import { type Changed, messageOf, type WebhookMessage } from './message.js';
import { Webhook } from './webhook.js';

/** Messages that may wait. At the bound the oldest is dropped: what is true now matters more than what was. */
const MOST_WAITING = 1000;

/**
 * Tells a chat of every change set that this node reads.
 *
 * The feed calls its subscribers in the very turn in which it serves all clients, so `notice` only takes a note, and
 * the posting happens beside it: a webhook that is slow or away costs nobody anything.
 */
@Injectable()
export class Notifier implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Notifier');
  private readonly waiting: WebhookMessage[] = [];
  private readonly stopping = new AbortController();
  private subscription: Subscription | null = null;
  private posting = false;

  constructor(
    private readonly feed: ChangeFeed,
    private readonly webhook: Webhook,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.feed.updates.subscribe((update) => {
      // 'reset' is a replica that was loaded anew: a state, not a change. Nobody wants to be told of all flags.
      if (update.kind === 'changed') this.notice(update);
    });
  }

  /** What still waits is lost. A notifier that may lose nothing keeps the last cursor, and reads the log from there. */
  onApplicationShutdown(): void {
    this.subscription?.unsubscribe();
    this.stopping.abort();
  }

  private notice({ replica, sets }: Changed): void {
    for (const set of sets) {
      if (this.waiting.length === MOST_WAITING) {
        this.waiting.shift();
        this.logger.warn('The webhook is too slow: the oldest message was dropped.');
      }
      this.waiting.push(messageOf(replica, set));
    }
    if (!this.posting) void this.postAll();
  }

  /** One after another, so that the chat shows them in the order of their commits. Never rejects. */
  private async postAll(): Promise<void> {
    this.posting = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      try {
        await this.webhook.post(next, this.stopping.signal);
      } catch (error) {
        if (this.stopping.signal.aborted) break;
        this.logger.warn(`A message was not delivered: ${error instanceof Error ? error.message : String(error)}.`);
      }
    }
    this.posting = false;
  }
}
