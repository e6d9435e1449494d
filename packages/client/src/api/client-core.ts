import { type FlagDefinition, NO_CURSOR, parseCursor, type PresentedCursor } from '@flagwire/protocol/sync';
import { readBootstrap } from '../cache/bootstrap.js';
import { type Cache, type CacheFault } from '../cache/cache.js';
import { type Keeper } from '../cache/keeper.js';
import { Connector, type ConnectorListener } from '../connection/connector.js';
import { type Clock, globals, systemClock } from '../platform.js';
import { changesOf } from '../sync/change-set.js';
import { type Effect, type FlagChange } from '../sync/messages.js';
import { initialState, isCurrent, type SyncState } from '../sync/state.js';
import { defaultTransports } from '../transport/default-transports.js';
import { type Failure } from '../transport/failure.js';
import { type Credential, type Site, type Transport } from '../transport/transport.js';
import { Emitter } from './emitter.js';
import { CacheFailed, ConnectionFailed, InvalidOptions } from './errors.js';
import { readFlags } from './flags.js';
import { type FlagSyncClientOptions } from './options.js';
import { StatusWatch } from './status-watch.js';
import { type Status } from './status.js';
import { type Tickets } from './tickets.js';
import { Waiters } from './waiters.js';

/** What stands behind a client: puts the parts together, and holds what has been applied. */
export class ClientCore implements ConnectorListener {
  readonly emitter = new Emitter();
  readonly waiters: Waiters;
  readonly watch: StatusWatch;
  /** There are flags to show, though they may be none. */
  held = false;
  /** The flags of the server have come. */
  synced = false;
  /** Those that were asked for last have not. */
  renewing = false;
  /** Where the flags stand. After a drop there is no cursor to come back with, and the flags are as they were. */
  at: Pick<Status, 'cursor' | 'revision'> = { cursor: null, revision: null };
  #sync: SyncState = initialState();
  readonly #clock: Clock;
  readonly #site: Site & { flags: readonly string[] | null };
  #tickets: Tickets | null = null;
  #keeper: Keeper | null = null;
  readonly #transports: readonly Transport[];
  #connector: Connector | null = null;
  #unwatchPage: () => void = () => undefined;
  #closed = false;
  #kept: Promise<unknown> = Promise.resolve();
  readonly #options: FlagSyncClientOptions;

  /** @throws InvalidFlags, InvalidOptions. */
  constructor(options: FlagSyncClientOptions) {
    this.#options = options;
    const { url, client, clock = systemClock } = options;
    this.#clock = clock;
    this.waiters = new Waiters(clock);
    this.#site = { url, client, flags: readFlags(options.flags) };
    this.#transports = options.transports?.(this.#site) ?? this.#defaults();
    if (this.#transports.length === 0) throw new InvalidOptions('transports has to give at least one');
    const read = () => ({ sync: this.#sync, held: this.held, transport: this.#connector?.transport });
    this.watch = new StatusWatch(clock, read, () => this.emitter.emit('status', this.status));
    const bootstrap = options.bootstrap === undefined ? null : readBootstrap(options.bootstrap);
    if (bootstrap !== null) this.#beginWith(bootstrap);
    void this.#start();
  }

  get flags(): ReadonlyMap<string, FlagDefinition> {
    return this.#sync.flags;
  }

  get status(): Status {
    return { ...this.watch.now, ...this.at };
  }

  /** Whether what was committed at `target` is applied, in the same history. */
  hasReached({ epoch, revision, mark }: PresentedCursor): boolean {
    const at = parseCursor(this.at.cursor);
    if (at === null || at.epoch !== epoch || this.renewing) return false;
    return at.revision > revision || (at.revision === revision && at.mark === mark);
  }

  /** Asks for other flags. What is held stays on show until they have come. */
  renew(flags: readonly string[] | null): void {
    if (this.#closed) return;
    this.#site.flags = flags;
    this.renewing = true;
    this.#connector?.renew();
  }

  /** Ends all of it at once; the promise is for what is still written. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#unwatchPage();
      this.watch.close();
      this.#connector?.close();
      this.waiters.end();
      this.#kept = this.#keeper?.settled() ?? this.#kept;
    }
    return this.#kept.then(() => undefined);
  }

  onSync(state: SyncState, effects: readonly Effect[]): void {
    // That a poll ended leaves the state as it is; that it was answered gives another.
    const isAnswer = state.phase.name === 'polled' && state !== this.#sync;
    this.#show(state);
    if (isAnswer) this.watch.confirm(0);
    if (state.phase.name === 'live') this.onHeard();
    this.#keeper?.keep(state);
    for (const effect of effects) if (effect.type === 'Changed') this.#tell(effect.changes);
    this.watch.update();
    this.waiters.check();
  }

  onHeard(): void {
    const { phase, age_ms } = this.#sync;
    if (phase.name === 'live') this.watch.confirm(age_ms ?? 0);
  }

  onFailure(failure: Failure): void {
    this.emitter.emit('error', new ConnectionFailed(failure));
    this.watch.fail();
  }

  /** What not every program needs is loaded by those that do. Nothing is told before the caller has had the time to listen. */
  async #start(): Promise<void> {
    const { cache, bootstrap, random = Math.random } = this.#options;
    const kept = await (cache === undefined ? null : this.#load(cache));
    if (this.#closed) return;
    if (bootstrap !== undefined && !this.held) this.#onFault('bootstrap_invalid');
    if (kept !== null) this.#beginWith(kept);
    const connecting = {
      transports: this.#transports,
      clock: this.#clock,
      random,
      credential: (refused: boolean) => this.#credential(refused),
    };
    this.#connector = new Connector(connecting, this, this.#sync);
    // Before the first attempt: a page may be hidden when it is opened.
    if (globals.document !== undefined) await this.#watchPage(this.#connector);
    this.#connector.start();
    this.watch.update();
  }

  /** Where a part cannot be loaded, the client does without. */
  async #load(cache: Cache): Promise<SyncState | null> {
    const onFault = (code: CacheFault, error?: unknown) => this.#onFault(code, error);
    try {
      const { keeperOf } = await import('../cache/keeper.js');
      this.#keeper = keeperOf(cache, this.#site, this.#options.sdkKey, this.#clock, onFault);
    } catch (error) {
      onFault('cache_unreadable', error);
    }
    return this.#keeper?.load() ?? null;
  }

  async #watchPage(connector: Connector): Promise<void> {
    try {
      const { watchPage } = await import('./page.js');
      if (!this.#closed) this.#unwatchPage = watchPage(globals, connector);
    } catch {
      // As on a server: it connects whether it is seen or not.
    }
  }

  #beginWith(state: SyncState): void {
    const changes = changesOf(this.#sync.flags, state.flags);
    this.held = true;
    this.#show(state);
    if (changes.length > 0) this.#tell(changes);
    this.watch.update();
  }

  #show(state: SyncState): void {
    this.#sync = state;
    const { cursor } = state;
    if (cursor !== NO_CURSOR && cursor !== this.at.cursor) this.at = { cursor, revision: parseCursor(cursor)?.revision ?? null };
    if (!isCurrent(state)) return;
    this.held = this.synced = true;
    this.renewing = false;
  }

  #tell(changes: FlagChange[]): void {
    this.emitter.emitChange({ changes, ...this.at });
  }

  async #credential(refused: boolean): Promise<Credential> {
    const { sdkKey, ticket } = this.#options;
    if (sdkKey !== undefined || ticket === undefined) return { key: sdkKey ?? '' };
    this.#tickets ??= new (await import('./tickets.js')).Tickets(ticket, this.#clock);
    return this.#tickets.credential(refused);
  }

  #onFault(code: CacheFault, cause?: unknown): void {
    this.emitter.emit('error', new CacheFailed(code, cause));
  }

  #defaults(): Transport[] {
    const { fetch, WebSocket, sdkKey } = this.#options;
    return defaultTransports(this.#site, { credential: sdkKey === undefined ? 'ticket' : 'key', fetch, WebSocket });
  }
}
