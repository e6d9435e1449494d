import { reaches } from '../../support/cursor.js';
import { EtagPoller } from '../../support/poll-client.js';
import { eventually } from '../../support/wait.js';
import { changedFlags } from './steps.js';
import { PATIENCE_MS, type Begun, type Step, type Subscriber, type SubscriberOptions, type Transport } from './subscriber.js';

/** Asks for everything, with the tag of what it has: 304 means that nothing is missing. */
class PollSubscriber implements Subscriber {
  begun: Begun = 'full';
  readonly steps: Step[] = [];
  readonly #poller: EtagPoller;

  constructor({ cursor, state, mayGoBack = false, ...request }: SubscriberOptions) {
    this.#poller = new EtagPoller(request, { mayGoBack });
    if (cursor === undefined) return;
    this.#poller.cursor = cursor;
    this.#poller.etag = `W/"${cursor}"`;
    this.#poller.state = new Map(state);
  }

  get state() {
    return this.#poller.state;
  }

  get cursor(): string {
    return this.#poller.cursor;
  }

  async begin(): Promise<void> {
    this.begun = (await this.#poller.poll()) ? 'full' : 'delta';
  }

  waitForCursor(cursor: string): Promise<void> {
    return eventually(() => this.#pollUntil(cursor), { timeoutMs: PATIENCE_MS, what: `the cursor ${cursor}` });
  }

  async stop(): Promise<void> {
    // Between two polls there is nothing to stop.
  }

  expectInOrder(): void {
    // The poller throws at once where an answer contradicts itself or goes backwards.
  }

  async #pollUntil(cursor: string): Promise<void> {
    const before = this.#poller.state;
    const changed = await this.#poller.poll();
    const flags = changedFlags(before, this.#poller.state);
    if (changed && flags.length > 0) this.steps.push({ cursor: this.cursor, flags, events: null });
    if (!reaches(this.cursor, cursor)) throw new Error(`it is at ${this.cursor}`);
  }
}

export const poll: Transport = {
  name: 'poll',
  async start(options) {
    const subscriber = new PollSubscriber(options);
    await subscriber.begin();
    return subscriber;
  },
};
