import { reaches } from '../../support/cursor.js';
import { eventually } from '../../support/wait.js';
import { SinceSubscriber } from './since-subscriber.js';
import { PATIENCE_MS, type SubscriberOptions, type Transport } from './subscriber.js';

/** Seconds. Shorter than a client's: a filtered one learns that it advanced without events when its wait is over. */
const WAIT = 2;

/** Asks for what comes after its cursor, and has the server wait for it. */
class LongPollSubscriber extends SinceSubscriber {
  #failure: unknown;
  #stopped = false;

  constructor(options: SubscriberOptions) {
    super(options);
  }

  /** One poll waits at any time, from the first answer on. */
  listen(): void {
    const again = (): void => {
      if (this.#stopped) return;
      this.poller.poll({ wait: WAIT }).then(again, (error: unknown) => {
        this.#failure = error;
      });
    };
    again();
  }

  override waitForCursor(cursor: string): Promise<void> {
    const attempt = (): void => {
      if (!reaches(this.cursor, cursor)) throw new Error(`it is at ${this.cursor} (${String(this.#failure)})`);
    };
    return eventually(attempt, { timeoutMs: PATIENCE_MS, what: `the cursor ${cursor}` });
  }

  /** The poll that is waiting is left alone: what it is answered interests nobody. */
  override async stop(): Promise<void> {
    this.#stopped = true;
  }
}

export const longPoll: Transport = {
  name: 'long-poll',
  async start(options) {
    const subscriber = new LongPollSubscriber(options);
    await subscriber.begin();
    subscriber.listen();
    return subscriber;
  },
};
