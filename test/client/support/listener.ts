import { apply } from '../../../packages/client/src/sync/apply.js';
import { type Effect } from '../../../packages/client/src/sync/messages.js';
import { initialState, type SyncState } from '../../../packages/client/src/sync/state.js';
import { type Failure } from '../../../packages/client/src/transport/failure.js';
import {
  type Connection,
  type Credential,
  type Transport,
  type TransportEvent,
} from '../../../packages/client/src/transport/transport.js';
import { eventually } from '../../support/wait.js';

/** One transport and the state machine, without a policy: a stream is opened by hand, a poll asks again until it is closed. */
export class Listener {
  readonly events: TransportEvent[] = [];
  readonly effects: Effect[] = [];
  state: SyncState = initialState();
  #connection: Connection | undefined;

  constructor(
    readonly transport: Transport,
    private readonly credential: Credential,
  ) {}

  open(): void {
    if (this.transport.kind === 'stream') this.#apply({ type: 'Opened' });
    this.#connection = this.transport.open(
      { credential: this.credential, cursor: this.state.cursor, wait: this.syncs.length > 0 },
      (event) => this.#take(event),
    );
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#apply({ type: 'Closed' });
  }

  get failure(): Failure | null | undefined {
    const ended = this.events.find((event) => event.type === 'Ended');
    return ended?.type === 'Ended' ? ended.failure : undefined;
  }

  async ended(): Promise<Failure | null | undefined> {
    await eventually(() => this.failure !== undefined, { timeoutMs: 15_000, what: `the end of ${this.transport.name}` });
    return this.failure;
  }

  /** The modes of the syncs that are whole. */
  get syncs(): string[] {
    return this.effects.flatMap((effect) => (effect.type === 'Synced' ? effect.mode : []));
  }

  #take(event: TransportEvent): void {
    this.events.push(event);
    switch (event.type) {
      case 'Received':
      case 'Answered':
      case 'Unchanged':
        this.#apply(event);
        break;
      case 'Ended':
        if (event.failure === null) setTimeout(() => this.#again(), 50);
        break;
      case 'Opened':
      case 'Heard':
      case 'Retry':
        break;
    }
  }

  #again(): void {
    if (this.#connection !== undefined) this.open();
  }

  #apply(input: Parameters<typeof apply>[1]): void {
    const { state, effects } = apply(this.state, input);
    this.state = state;
    this.effects.push(...effects);
  }
}
