import { EventSource as Source } from 'eventsource';
import { type FlagDefinition } from '../support/wire-types.js';

/** Every source that the seed's client opened: it leaks one for each drop, and never closes any. */
const opened = new WeakMap<FlagSyncClient, Source[]>();

type SeedEvent = { type: string; data: FlagDefinition & { flag_id: string; new_status: FlagDefinition['status'] } };

/**
 * The client that the specification prints under "Client Configuration", word for word but for the parts that it leaves out:
 * what it does with an event (no staging, no cursor), and its fallback to polling, which is only counted here.
 */
export class FlagSyncClient {
  private eventSource: Source | null = null;
  private reconnectAttempts = 0;
  private maxReconnectAttempts = 10;
  private reconnectDelay = 1000;
  readonly flags = new Map<string, FlagDefinition>();
  readonly types: string[] = [];
  drops = 0;

  connect(url: string): void {
    this.eventSource = new Source(url);
    opened.set(this, [...(opened.get(this) ?? []), this.eventSource]);

    this.eventSource.onopen = () => {
      this.reconnectAttempts = 0;
    };

    this.eventSource.onerror = () => {
      this.reconnect(url);
    };

    this.eventSource.onmessage = (event) => {
      const data = JSON.parse(String(event.data)) as SeedEvent;
      this.handleEvent(data);
    };
  }

  /** How many sources it has opened so far. */
  get sources(): number {
    return (opened.get(this) ?? []).length;
  }

  /** What it lacks: an end. */
  close(): void {
    this.maxReconnectAttempts = 0;
    for (const source of opened.get(this) ?? []) source.close();
  }

  private reconnect(url: string): void {
    this.drops += 1;
    if (this.reconnectAttempts >= this.maxReconnectAttempts) return;

    const delay = this.reconnectDelay * Math.pow(2, this.reconnectAttempts);
    this.reconnectAttempts++;

    setTimeout(() => this.connect(url), delay);
  }

  private handleEvent({ type, data }: SeedEvent): void {
    this.types.push(type);
    const held = this.flags.get(data.flag_id);
    if (type === 'FlagCreated' || type === 'FlagUpdated') this.flags.set(data.id, data);
    if (type === 'FlagDeleted') this.flags.delete(data.flag_id);
    if (type === 'FlagStatusChanged' && held !== undefined) this.flags.set(data.flag_id, { ...held, status: data.new_status });
  }
}
