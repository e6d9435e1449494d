import { SseProbe } from '../../support/sse-client.js';
import { stepsOf } from './steps.js';
import { PATIENCE_MS, type Begun, type Step, type Subscriber, type Transport } from './subscriber.js';

class SseSubscriber implements Subscriber {
  constructor(
    private readonly probe: SseProbe,
    readonly begun: Begun,
  ) {}

  get state() {
    return this.probe.state;
  }

  get cursor(): string {
    return this.probe.checker.cursor;
  }

  get steps(): Step[] {
    return stepsOf(this.probe.applied);
  }

  waitForCursor(cursor: string): Promise<void> {
    return this.probe.waitForCursor(cursor, PATIENCE_MS);
  }

  async stop(): Promise<void> {
    await this.probe.close();
  }

  expectInOrder(): void {
    this.probe.assertInOrder();
  }
}

export const sse: Transport = {
  name: 'sse',
  async start(options) {
    const probe = await SseProbe.connect({ timeoutMs: PATIENCE_MS, ...options });
    await probe.waitForSync(PATIENCE_MS);
    const first = probe.messages.find(({ type }) => type === 'SyncStarted');
    if (first?.type !== 'SyncStarted') throw new Error('a sync that did not start');
    return new SseSubscriber(probe, first.data.mode);
  },
};
