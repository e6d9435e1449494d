import { parseMessage } from '../sync/parse-message.js';
import { type Failure, type FailureCode } from '../transport/failure.js';
import { type Connection, type OpenRequest, type Receipt, type Transport, type TransportEvent } from '../transport/transport.js';

const SYNC = [
  { type: 'SyncStarted', data: { mode: 'full', connection_id: 'c', protocol: 1 }, id: 'none' },
  { type: 'SyncComplete', data: { flag_count: 0 }, id: 'c1' },
];

/** A transport whose server is the test. */
export class ScriptedTransport implements Transport {
  readonly answers_within_ms = 10_000;
  /** When each connection was opened, with what. */
  readonly opened: { at: number; cursor: string; wait: boolean }[] = [];
  /** What was acknowledged, and when. */
  readonly receipts: (Receipt & { at: number })[] = [];
  private listener: ((event: TransportEvent) => void) | null = null;

  constructor(
    readonly name: Transport['name'],
    private readonly now: () => number,
    readonly kind: Transport['kind'] = 'stream',
    readonly interval_ms = 0,
    readonly quiet_ms = 15_000,
  ) {}

  /** What becomes of a receipt; default: it is heard at once. */
  onReceipt: () => Promise<void> = () => Promise.resolve();

  /** What happens at each opening; default: nothing. */
  onOpen: () => void = () => undefined;

  open({ cursor, wait }: OpenRequest, listener: (event: TransportEvent) => void): Connection {
    this.opened.push({ at: this.now(), cursor, wait });
    this.listener = listener;
    void Promise.resolve().then(() => this.listener === listener && this.onOpen());
    return {
      close: () => {
        if (this.listener === listener) this.listener = null;
      },
      acknowledge: (receipt) => {
        this.receipts.push({ ...receipt, at: this.now() });
        return this.onReceipt();
      },
    };
  }

  get isOpen(): boolean {
    return this.listener !== null;
  }

  tell(event: TransportEvent): void {
    const { listener } = this;
    if (event.type === 'Ended') this.listener = null;
    listener?.(event);
  }

  fail(code: FailureCode = 'connection_failed', more: Partial<Failure> = {}): void {
    this.tell({ type: 'Ended', failure: { code, message: code, ...more } });
  }

  message(message: unknown, size = 100): void {
    this.tell({ type: 'Heard' });
    this.tell({ type: 'Received', message: parseMessage(message), size });
  }

  heartbeat(): void {
    this.message({ type: 'Heartbeat', data: { timestamp: 1, age_ms: 0 }, id: 'c1' });
  }

  goodbye(retry_after_ms: number | null): void {
    this.message({ type: 'Goodbye', data: { reason: 'shutdown', retry_after_ms }, id: 'c1' });
  }

  /** The whole of a good beginning. */
  serve(): void {
    this.tell({ type: 'Opened' });
    for (const message of SYNC) this.message(message);
  }
}
