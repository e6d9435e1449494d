import { SocketIoProbe } from '../../support/socket-io-client.js';
import { SseProbe } from '../../support/sse-client.js';
import { type SyncProbe } from '../../support/sync-probe.js';
import { WebSocketProbe } from '../../support/web-socket-client.js';
import { stepsOf } from './steps.js';
import { PATIENCE_MS, type Begun, type Step, type Subscriber, type SubscriberOptions, type Transport } from './subscriber.js';

/** A connection on which messages come by themselves. */
class ProbeSubscriber implements Subscriber {
  constructor(
    private readonly probe: SyncProbe,
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

type Connect = (options: SubscriberOptions & { timeoutMs: number }) => Promise<SyncProbe>;

function transport(name: string, connect: Connect): Transport {
  const start = async (options: SubscriberOptions): Promise<Subscriber> => {
    const probe = await connect({ timeoutMs: PATIENCE_MS, ...options });
    await probe.waitForSync(PATIENCE_MS);
    const first = probe.messages.find(({ type }) => type === 'SyncStarted');
    if (first?.type !== 'SyncStarted') throw new Error('a sync that did not start');
    return new ProbeSubscriber(probe, first.data.mode);
  };
  return { name, start };
}

export const sse = transport('sse', (options) => SseProbe.connect(options));
export const webSocket = transport('websocket', (options) => WebSocketProbe.connect(options));
export const socketIo = transport('socket.io', (options) => SocketIoProbe.connect(options));
