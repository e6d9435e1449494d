import { assertNever } from '@flagwire/protocol/sync';
import { type Clock } from '../platform.js';
import { apply } from '../sync/apply.js';
import { type Effect, type Input } from '../sync/messages.js';
import { type SyncState } from '../sync/state.js';
import { type Failure, failure } from '../transport/failure.js';
import { type Connection, type Credential, type Transport, type TransportEvent } from '../transport/transport.js';
import { deadline } from './deadline.js';
import { advance } from './policy.js';
import { initialPolicy, type PolicyEffect, type PolicyInput, type PolicyState } from './policy-state.js';

export interface ConnectorOptions {
  /** Best first. */
  readonly transports: readonly Transport[];
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Asked before each attempt: a ticket may have ended. */
  readonly credential: () => Credential | Promise<Credential>;
}

export interface ConnectorListener {
  /** After each input that changed something; `effects` in their order. */
  onSync(state: SyncState, effects: readonly Effect[]): void;
  onFailure(failure: Failure): void;
}

/** Holds the two machines, and does what they say. It owns the one timer, the connection and the probe; `close` ends all three. */
export class Connector {
  private policy: PolicyState = initialPolicy;
  private connection: Connection | null = null;
  private probe: Connection | null = null;
  private timer: { handle: unknown; at: number } | null = null;

  constructor(
    private readonly options: ConnectorOptions,
    private readonly listener: ConnectorListener,
    private sync: SyncState,
  ) {}

  start(): void {
    this.advance({ type: 'Start' });
  }

  /** Of a page: whether it is hidden. Nothing new is begun while it is. */
  hidden(hidden: boolean): void {
    this.advance({ type: 'Hidden', hidden });
  }

  /** Of the network. */
  offline(offline: boolean): void {
    this.advance({ type: 'Offline', offline });
  }

  /** For good. Leaves no timer, no socket and no listener. */
  close(): void {
    this.advance({ type: 'Close' });
  }

  private advance(input: PolicyInput): void {
    const { transports, clock, random } = this.options;
    const { state, effects } = advance(this.policy, input, transports, { now: clock.now(), random: random() });
    this.policy = state;
    for (const effect of effects) this.perform(effect);
    this.setTimer();
  }

  private perform(effect: PolicyEffect): void {
    switch (effect.type) {
      case 'Connect':
        this.connection = this.open(effect.index, (event) => this.take(event));
        break;
      case 'Disconnect':
        this.connection?.close();
        this.connection = null;
        this.apply({ type: 'Closed' });
        break;
      case 'Probe':
        this.probe = this.open(effect.index, (event) => this.takeOfProbe(event));
        break;
      case 'StopProbe':
        this.probe?.close();
        this.probe = null;
        break;
      case 'Report':
        this.listener.onFailure(effect.failure);
        break;
      default:
        assertNever(effect);
    }
  }

  /** The credential may take its time, and the connection may be closed meanwhile. */
  private open(index: number, listener: (event: TransportEvent) => void): Connection {
    let connection: Connection | null = null;
    let closed = false;
    const transport = this.options.transports[index];
    const begin = async (): Promise<void> => {
      const credential = await this.options.credential();
      if (closed || transport === undefined) return;
      connection = transport.open({ credential, cursor: this.sync.cursor }, listener);
    };
    void begin().catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (!closed) listener({ type: 'Ended', failure: failure('ticket_failed', message) });
    });
    return {
      close: () => {
        closed = true;
        connection?.close();
      },
    };
  }

  private take(event: TransportEvent): void {
    switch (event.type) {
      case 'Opened':
        this.apply({ type: 'Opened' });
        return this.advance({ type: 'Opened' });
      case 'Heard':
        return this.advance({ type: 'Heard' });
      case 'Retry':
        return this.advance({ type: 'Retry', after_ms: event.after_ms });
      case 'Received': {
        const { message } = event;
        this.apply(event);
        const isHeartbeat = message.type === 'Control' && message.control.type === 'Heartbeat';
        return this.advance({ type: 'Message', beat: isHeartbeat || this.sync.phase.name !== 'live' });
      }
      case 'Answered':
      case 'Unchanged':
        return this.apply(event);
      case 'Ended':
        return this.advance(event.failure === null ? { type: 'Answered' } : { type: 'Failed', failure: event.failure });
      default:
        assertNever(event);
    }
  }

  private takeOfProbe(event: TransportEvent): void {
    const isGood = event.type === 'Heard' || (event.type === 'Ended' && event.failure === null);
    if (isGood) this.advance({ type: 'ProbeHeard' });
    else if (event.type === 'Ended') this.advance({ type: 'ProbeFailed' });
  }

  private apply(input: Input): void {
    const { state, effects } = apply(this.sync, input);
    this.sync = state;
    this.listener.onSync(state, effects);
    for (const effect of effects) {
      if (effect.type === 'Drop') this.advance({ type: 'Failed', failure: failure('malformed_message', effect.reason) });
      if (effect.type === 'Leave') this.advance({ type: 'Left', reason: effect.reason, retry_after_ms: effect.retry_after_ms });
    }
  }

  /** A deadline moves back with every byte: the timer is set anew only where it would come too late. */
  private setTimer(): void {
    const at = deadline(this.policy, this.options.transports);
    if (this.timer !== null && at !== null && this.timer.at <= at) return;
    if (this.timer !== null) this.options.clock.clearTimeout(this.timer.handle);
    this.timer = null;
    if (at === null) return;
    const handle = this.options.clock.setTimeout(
      () => {
        this.timer = null;
        this.advance({ type: 'Tick' });
      },
      Math.max(0, Math.ceil(at - this.options.clock.now())),
    );
    this.timer = { handle, at };
  }
}
