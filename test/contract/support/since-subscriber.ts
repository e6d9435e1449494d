import { reaches } from '../../support/cursor.js';
import { SincePoller } from '../../support/poll-client.js';
import { eventually } from '../../support/wait.js';
import { stepsOf } from './steps.js';
import { PATIENCE_MS, type Begun, type Step, type Subscriber, type SubscriberOptions, type Transport } from './subscriber.js';

/** Asks for what came after its cursor. */
export class SinceSubscriber implements Subscriber {
  begun: Begun = 'full';
  protected readonly poller: SincePoller;

  constructor({ cursor, state, mayGoBack, ...request }: SubscriberOptions) {
    const start = { cursor, state, mayGoBack };
    const given = Object.entries(start).filter(([, value]) => value !== undefined);
    this.poller = new SincePoller(request, Object.fromEntries(given));
  }

  get state() {
    return this.poller.state;
  }

  get cursor(): string {
    return this.poller.cursor;
  }

  get steps(): Step[] {
    return stepsOf(this.poller.applied);
  }

  async begin(): Promise<void> {
    this.begun = (await this.poller.poll()).mode;
  }

  waitForCursor(cursor: string): Promise<void> {
    const attempt = async (): Promise<void> => {
      await this.poller.poll();
      if (!reaches(this.cursor, cursor)) throw new Error(`it is at ${this.cursor}`);
    };
    return eventually(attempt, { timeoutMs: PATIENCE_MS, what: `the cursor ${cursor}` });
  }

  async stop(): Promise<void> {
    // Between two polls there is nothing to stop.
  }

  expectInOrder(): void {
    this.poller.assertInOrder();
  }
}

export const since: Transport = {
  name: 'since',
  async start(options) {
    const subscriber = new SinceSubscriber(options);
    await subscriber.begin();
    return subscriber;
  },
};
