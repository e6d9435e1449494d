import { type ChangeSet } from '../api/change-set.js';
import { Emitter } from '../api/emitter.js';
import { CacheFailed, ConnectionFailed, ReadyTimeout, WaitTimeout } from '../api/errors.js';
import { StatusWatch } from '../api/status-watch.js';
import { type Standing, type Status } from '../api/status.js';
import { Waiters, type Waiting } from '../api/waiters.js';
import { type Cache, type CacheFault } from '../cache/cache.js';
import { freeze } from '../evaluation/freeze.js';
import { type Clock, globals, systemClock } from '../platform.js';
import { type Failure } from '../transport/failure.js';
import { type Door } from './ask.js';
import { contextText } from './context-text.js';
import { Line, type LineListener } from './line.js';
import { type EvaluatedFlagClientOptions } from './options.js';
import { type Session, type SessionEffect } from './session.js';
import { type Shelf } from './shelf.js';
import { cursorOf, type EvaluatedFlag, parseValues } from './values.js';

/** What stands behind a client: puts the parts together. */
export class EvaluatedCore implements LineListener {
  readonly emitter = new Emitter<EvaluatedFlag>();
  readonly watch: StatusWatch;
  readonly #waiters: Waiters;
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #door: Door;
  #shelf: Shelf | null = null;
  /** The number of the newest context whose values the server has given. */
  #confirmed = 0;
  /** When it has last said that they are what is shown; null: it has not, of this context. */
  #confirmedAt: number | null = null;
  #refusal: { readonly number: number; readonly error: ConnectionFailed } | null = null;
  #unwatchPage: () => void = () => undefined;
  #closed = false;

  /** @throws InvalidOptions. */
  constructor(options: EvaluatedFlagClientOptions) {
    const { url, clientKey: key, fetch = globals.fetch, clock = systemClock, random = Math.random } = options;
    this.#clock = clock;
    this.#door = { url, key, fetch };
    this.#waiters = new Waiters(clock);
    const context = contextText(options.context ?? {});
    this.#line = new Line({ ...this.#door, clock, random }, context, this);
    this.watch = new StatusWatch(
      clock,
      () => ({ sync: phaseOf(this.session), held: this.session.shown !== null, transport: this.#line.transport }),
      () => this.emitter.emit('status', this.status),
    );
    const bootstrap = options.bootstrap === undefined ? null : readBootstrap(options.bootstrap);
    if (bootstrap !== null) this.#line.keep(context, bootstrap);
    void this.#start(options);
  }

  get session(): Session {
    return this.#line.session;
  }

  /** How long ago what is shown was known to be what the server has, in milliseconds; null: never. */
  get age(): number | null {
    return this.#confirmedAt === null ? null : this.#clock.now() - this.#confirmedAt;
  }

  get status(): Status {
    return { ...this.watch.now, lag_ms: this.age, ...this.#at };
  }

  get #at(): Pick<ChangeSet, 'cursor' | 'revision'> {
    const { shown } = this.session;
    return { cursor: cursorOf(shown?.values.tag ?? null), revision: shown?.values.revision ?? null };
  }

  ready(waiting?: Waiting): Promise<void> {
    return this.#waiters.wait(() => this.#confirmed > 0, waiting, ReadyTimeout, 'the first answer');
  }

  setContext(context: string, waiting?: Waiting): Promise<void> {
    const { wanted, refused } = this.session;
    if (!this.#closed && (refused || context !== wanted.context)) {
      const kept = this.#shelf?.of(context) ?? null;
      if (kept !== null) this.#confirmedAt = null;
      this.#line.want(context, kept);
    }
    const { number } = this.session.wanted;
    const isRefused = (): boolean => (this.#refusal?.number ?? 0) >= number && this.#confirmed < number;
    const told = this.#waiters
      .wait(() => this.#confirmed >= number || isRefused(), waiting, WaitTimeout, 'the answer for this context')
      .then(() => {
        const refusal = this.#refusal;
        if (refusal !== null && isRefused()) throw refusal.error;
      });
    // Who does not look at it is not hurt by it.
    told.catch(() => undefined);
    return told;
  }

  /** Ends all of it at once; the promise is for what is still written. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#unwatchPage();
      this.watch.close();
      this.#line.close();
      this.#waiters.end();
    }
    await this.#shelf?.settled();
  }

  onSession({ wanted, shown }: Session, effects: readonly SessionEffect[]): void {
    const isConfirmed = effects.some(({ type }) => type === 'Confirmed');
    if (isConfirmed) {
      this.#confirmed = wanted.number;
      this.onHeard();
      if (shown !== null) this.#shelf?.keep(wanted.context, shown.values);
    }
    for (const effect of effects) {
      if (effect.type === 'Changed') this.emitter.emit('change', freeze({ changes: effect.changes, ...this.#at }));
    }
    this.watch.update();
    this.#waiters.check();
  }

  onHeard(): void {
    const { current, asked } = this.session;
    // A question that is under way was asked because something has changed.
    if (!current || asked !== null) return;
    this.#confirmedAt = this.#clock.now();
    this.watch.confirm(0);
  }

  onFailure(failure: Failure): void {
    const error = new ConnectionFailed(failure);
    if (failure.code === 'context_refused') this.#refusal = { number: this.session.wanted.number, error };
    this.emitter.emit('error', error);
    this.watch.fail();
  }

  /** What not every program needs is loaded by those that do. Nothing is told before the caller has had the time to listen. */
  async #start({ cache, bootstrap }: EvaluatedFlagClientOptions): Promise<void> {
    await (cache === undefined ? null : this.#load(cache));
    if (this.#closed) return;
    const { wanted, shown } = this.session;
    if (bootstrap !== undefined && shown === null) this.#onFault('bootstrap_invalid');
    const kept = this.#shelf?.of(wanted.context) ?? null;
    if (kept !== null) this.#line.keep(wanted.context, kept);
    // Before the first attempt: a page may be hidden when it is opened.
    if (globals.document !== undefined) await this.#watchPage();
    if (!this.#closed) this.#line.start();
    this.watch.update();
  }

  /** Where a part cannot be loaded, the client does without. */
  async #load(cache: Cache): Promise<void> {
    const onFault = (code: CacheFault, error?: unknown): void => this.#onFault(code, error);
    try {
      const { Shelf } = await import('./shelf.js');
      const shelf = new Shelf(cache, this.#door, this.#clock, onFault);
      await shelf.load();
      this.#shelf = shelf;
    } catch (error) {
      onFault('cache_unreadable', error);
    }
  }

  async #watchPage(): Promise<void> {
    try {
      const { watchPage } = await import('../api/page.js');
      if (!this.#closed) this.#unwatchPage = watchPage(globals, this.#line);
    } catch {
      // As on a server: it connects whether it is seen or not.
    }
  }

  #onFault(code: CacheFault, cause?: unknown): void {
    this.emitter.emit('error', new CacheFailed(code, cause));
  }
}

function readBootstrap(data: unknown): ReturnType<typeof parseValues> {
  try {
    return parseValues(JSON.stringify(data), null);
  } catch {
    return null;
  }
}

/** In the words by which the state of a client is told (api/status.ts). */
function phaseOf({ line, stream, current }: Session): Standing['sync'] {
  const name = line === 'none' ? 'away' : !current || (line === 'stream' && stream !== 'open') ? 'opening' : line;
  const phase = name === 'poll' ? 'polled' : name === 'stream' ? 'live' : name;
  return { phase: phase === 'live' ? { name: phase, set: null } : { name: phase }, age_ms: null };
}
