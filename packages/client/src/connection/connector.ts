import { NO_CURSOR } from '@flagwire/protocol/sync';
import { type Clock } from '../platform.js';
import { type Asked, type Receipts } from '../receipts/receipts.js';
import { apply } from '../sync/apply.js';
import { type Effect, type Input } from '../sync/messages.js';
import { initialState, isCurrent, isStaging, type SyncState } from '../sync/state.js';
import { type Failure, failure } from '../transport/failure.js';
import { openLater } from '../transport/open-later.js';
import { type Connection, type Credential, type Traits, type Transport, type TransportEvent } from '../transport/transport.js';
import { Alarm } from './alarm.js';
import { deadline } from './deadline.js';
import { advance } from './policy.js';
import { initialPolicy, type PolicyEffect, type PolicyInput, type PolicyState } from './policy-state.js';

/**
 * In characters: of a full sync, or a change set, that is not whole yet. It is given up where it is longer, and not tried again soon.
 * The server's own limits are below.
 */
export const MAX_STAGED = 67_108_864;
const AFTER_TOO_LARGE_MS = 120_000;

export interface ConnectorOptions {
  /** Best first. */
  readonly transports: readonly Transport[];
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Asked before each attempt: a ticket may have ended. `refused`: the last one was, and nothing has been heard since. */
  readonly credential: (refused: boolean) => Credential | Promise<Credential>;
}

export interface ConnectorListener {
  /** After each input that changed something; `effects` in their order. */
  onSync(state: SyncState, effects: readonly Effect[]): void;
  /** A byte came, whatever it means. */
  onHeard(): void;
  onFailure(failure: Failure): void;
}

/** Holds the two machines, and does what they say. It owns the one timer, the connection and the probe; `close` ends all three. */
export class Connector {
  #policy: PolicyState = initialPolicy;
  #connection: Connection | null = null;
  #probe: Connection | null = null;
  /** Of the connection; null: it has not asked for any, or cannot be told. */
  #receipts: Receipts | null = null;
  readonly #alarm: Alarm;
  #staged = 0;
  readonly #inputs: PolicyInput[] = [];
  readonly #options: ConnectorOptions;
  readonly #listener: ConnectorListener;
  #sync: SyncState;

  constructor(options: ConnectorOptions, listener: ConnectorListener, sync: SyncState) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#advance({ type: 'Tick' }));
    this.#listener = listener;
    this.#sync = sync;
  }

  start(): void {
    this.#advance({ type: 'Start' });
  }

  /** Of a page: whether it is hidden. Nothing new is begun while it is. */
  hidden(hidden: boolean): void {
    this.#advance({ type: 'Hidden', hidden });
  }

  /** Of the network. */
  offline(offline: boolean): void {
    this.#advance({ type: 'Offline', offline });
  }

  /** The site asks for other flags: comes back without a cursor. What is held stays on show until their sync is whole. */
  renew(): void {
    this.#sync = initialState({ cursor: NO_CURSOR, flags: this.#sync.flags });
    this.#advance({ type: 'Renewed' });
    this.#listener.onSync(this.#sync, []);
  }

  /** In use, or tried next. */
  get transport(): Traits | undefined {
    return this.#options.transports[this.#policy.current];
  }

  /** For good. Leaves no timer, no socket and no listener. */
  close(): void {
    this.#advance({ type: 'Close' });
  }

  /** One after the other: whoever is told of an effect may close, or ask for other flags, before the next effect is there. */
  #advance(input: PolicyInput): void {
    if (this.#inputs.push(input) > 1) return;
    const { transports, clock, random } = this.#options;
    for (const next of this.#inputs) {
      const { state, effects } = advance(this.#policy, next, transports, { now: clock.now(), random: random() });
      this.#policy = state;
      for (const effect of effects) this.#perform(effect);
    }
    this.#inputs.length = 0;
    this.#alarm.set(deadline(this.#policy, transports));
  }

  #perform(effect: PolicyEffect): void {
    switch (effect.type) {
      case 'Connect':
        this.#connection = this.#open(effect.index, isCurrent(this.#sync) && this.#policy.failures === 0, (event) =>
          this.#take(event),
        );
        break;
      case 'Disconnect':
        this.#connection?.close();
        this.#receipts?.close();
        this.#connection = this.#receipts = null;
        this.#apply({ type: 'Closed' });
        break;
      case 'Probe':
        this.#probe = this.#open(effect.index, false, (event) => this.#takeOfProbe(event));
        break;
      case 'StopProbe':
        this.#probe?.close();
        this.#probe = null;
        break;
      case 'Report':
        this.#listener.onFailure(effect.failure);
        break;
    }
  }

  /** The credential may take its time. */
  #open(index: number, wait: boolean, listener: (event: TransportEvent) => void): Connection | null {
    const { transports, credential: ask } = this.#options;
    const transport = transports[index];
    if (transport === undefined) return null;
    const prepare = async () => {
      const credential = await ask(this.#policy.refused);
      return () => transport.open({ credential, cursor: this.#sync.cursor, wait }, listener);
    };
    return openLater(prepare, 'ticket_failed', listener);
  }

  #take(event: TransportEvent): void {
    switch (event.type) {
      case 'Opened':
        this.#staged = 0;
        this.#apply(event);
        return this.#advance(event);
      case 'Heard':
        this.#advance(event);
        return this.#listener.onHeard();
      case 'Retry':
        return this.#advance(event);
      case 'Received': {
        const { message, size } = event;
        this.#apply(event);
        if (this.#isTooLarge(size)) return;
        const control = message.type === 'Control' ? message.control : null;
        if (control?.type === 'SyncStarted') this.#acknowledge(control.data).catch(() => undefined);
        this.#receipts?.applied(this.#sync.cursor);
        return this.#advance({ type: 'Message', beat: control?.type === 'Heartbeat' || this.#sync.phase.name !== 'live' });
      }
      case 'Answered':
      case 'Unchanged':
        return this.#apply(event);
      case 'Ended':
        return this.#advance(event.failure === null ? { type: 'Answered' } : { type: 'Failed', failure: event.failure });
    }
  }

  /** Loaded after the flags have come: no program waits for it. Where it cannot be, the client does without. */
  async #acknowledge(asked: Partial<Asked>): Promise<void> {
    const connection = this.#connection;
    const { receiptsOf } = await import('../receipts/receipts.js');
    if (connection === null || connection !== this.#connection) return;
    this.#receipts ??= receiptsOf(connection, asked, this.#options);
    this.#receipts?.applied(this.#sync.cursor);
  }

  #isTooLarge(size: number): boolean {
    this.#staged = isStaging(this.#sync) ? this.#staged + size : 0;
    if (this.#staged <= MAX_STAGED) return false;
    const tooLarge = failure('sync_too_large', 'a sync is too large', { retry_after_ms: AFTER_TOO_LARGE_MS });
    this.#advance({ type: 'Failed', failure: tooLarge });
    return true;
  }

  #takeOfProbe(event: TransportEvent): void {
    const isGood = event.type === 'Heard' || (event.type === 'Ended' && event.failure === null);
    if (isGood) this.#advance({ type: 'ProbeHeard' });
    else if (event.type === 'Ended') this.#advance({ type: 'ProbeFailed' });
  }

  #apply(input: Input): void {
    const { state, effects } = apply(this.#sync, input);
    this.#sync = state;
    this.#listener.onSync(state, effects);
    for (const effect of effects) {
      if (effect.type === 'Drop') this.#advance({ type: 'Failed', failure: failure('malformed_message', effect.reason) });
      if (effect.type === 'Leave') this.#advance({ ...effect, type: 'Left' });
    }
  }
}
