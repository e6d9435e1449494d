import { Alarm } from '../connection/alarm.js';
import { type Clock } from '../platform.js';
import { type TransportName } from '../transport/transport.js';
import { freshnessOf, type Standing, type State, type Status } from './status.js';

type Read = () => Pick<Standing, 'sync' | 'held' | 'transport'>;

/** Notices each change of the state, also the one that time alone makes. It owns the timer for that; `close` ends it. */
export class StatusWatch {
  #state: State = 'connecting';
  #transport: TransportName | null = null;
  #since: number;
  #failed = false;
  #confirmedAt: number | null = null;
  readonly #alarm: Alarm;
  readonly #clock: Clock;
  readonly #read: Read;
  readonly #onChange: () => void;

  constructor(clock: Clock, read: Read, onChange: () => void) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => this.update());
    this.#read = read;
    this.#onChange = onChange;
    this.#since = clock.now();
  }

  /** After each input. */
  update(): void {
    if (this.#state === 'closed') return;
    const standing = this.#read();
    const { state, ends_in } = freshnessOf({ ...standing, failed: this.#failed, lag_ms: this.lag });
    this.#alarm.set(this.#clock.now() + ends_in);
    this.#turn(state, standing.transport?.name ?? null);
  }

  /** A byte came of a live connection whose node is `age_ms` behind its log, or a poll was answered. */
  confirm(age_ms: number): void {
    this.#confirmedAt = this.#clock.now() - age_ms;
    this.#failed = false;
    // What was overdue has come.
    if (this.#state === 'stale') this.update();
  }

  /** An attempt or a poll failed. */
  fail(): void {
    this.#failed = true;
    this.update();
  }

  close(): void {
    this.#alarm.set(Infinity);
    this.#turn('closed', null);
  }

  get lag(): number | null {
    return this.#confirmedAt === null ? null : this.#clock.now() - this.#confirmedAt;
  }

  get now(): Pick<Status, 'state' | 'transport' | 'lag_ms' | 'for_ms'> {
    return { state: this.#state, transport: this.#transport, lag_ms: this.lag, for_ms: this.#clock.now() - this.#since };
  }

  #turn(state: State, transport: TransportName | null): void {
    if (state === this.#state && transport === this.#transport) return;
    if (state !== this.#state) this.#since = this.#clock.now();
    this.#state = state;
    this.#transport = transport;
    this.#onChange();
  }
}
