import { type FlagDefinition, parseCursor } from '@flagwire/protocol/sync';
import { warnOfDeprecation } from '../evaluation/deprecations.js';
import { evaluate, type Evaluated } from '../evaluation/evaluate.js';
import { type EvaluationContext, type EvaluationError, type Reason } from '../evaluation/evaluator.js';
import { freeze } from '../evaluation/freeze.js';
import { type ChangeSet } from './change-set.js';
import { ClientCore } from './client-core.js';
import { type EventName, type Listener } from './emitter.js';
import { InvalidCursor, ReadyTimeout, WaitTimeout } from './errors.js';
import { readFlags } from './flags.js';
import { checkOptions, type FlagSyncClientOptions } from './options.js';
import { type Status } from './status.js';
import { type Waiting } from './waiters.js';

/** What a flag can be where the fallback is this: `true` may become `false`. */
export type Widened<T> = T extends boolean ? boolean : T extends string ? string : T extends number ? number : T;

/** How a value came about. */
export interface Details<T> {
  /** The fallback where `reason` is `DISABLED` or `ERROR`, or where the flag has no default variant. */
  readonly value: T;
  /** Which variant it is; null: the fallback. */
  readonly variant: string | null;
  readonly reason: Reason;
  /** Of the flag; null: it is not known. */
  readonly version: number | null;
  /** Of the environment; null: no server has said. */
  readonly revision: number | null;
  /** How long ago the flags were known to be those of the server, in milliseconds; null: never. */
  readonly age_ms: number | null;
  /** Where `reason` is `ERROR`: why. */
  readonly error_code?: EvaluationError;
}

/**
 * The flags of one environment, kept up to date. It begins to connect when it is made, and comes back by itself until `close()`.
 * What it shows is at all times the state of the server at one cursor, whole change sets only; `status` says whether that is the
 * newest.
 *
 * It can be iterated: `for await (const { changes } of client)` gives each change set, as `change` does, until `close()`. For a loop
 * that is slower than the changes 100 are kept; from then on the newest ones come merged into one.
 */
export class FlagSyncClient {
  readonly #core: ClientCore;
  readonly #options: FlagSyncClientOptions;

  /**
   * @throws InvalidOptions `options_invalid`, InvalidFlags `flags_invalid`, and ServerKeyInBrowser `server_key_in_browser` where a
   *   `sdkKey` is given and there is a `document`.
   */
  constructor(options: FlagSyncClientOptions) {
    checkOptions(options);
    this.#options = options;
    this.#core = new ClientCore(options);
  }

  /**
   * Resolves once the flags of the server have come, and for ever after; the last known good does not count: that is shown before.
   * @throws (rejects) ReadyTimeout `ready_timeout`: the client goes on trying, and serves what it has; ClientClosed `client_closed`.
   */
  ready(waiting?: Waiting): Promise<void> {
    return this.#core.waiters.wait(() => this.#core.synced, waiting, ReadyTimeout, 'the first sync');
  }

  /**
   * The flag's value, or the fallback: where the flag is unknown, disabled, or of another type than the fallback; where its targeting
   * cannot be decided; where nothing has come yet. At once, from memory. Objects are frozen. Never throws.
   * @param context for whom; only flags with targeting look at it.
   */
  value<T>(id: string, fallback: T, context?: EvaluationContext): Widened<T> {
    return this.#evaluate(id, fallback, context).value;
  }

  /** As `value`, with how it came about. Never throws. */
  details<T>(id: string, fallback: T, context?: EvaluationContext): Details<Widened<T>> {
    const { at, watch } = this.#core;
    const { revision } = at;
    const age_ms = watch.lag;
    // Field by field: a copy by `...` takes forty times as long.
    const { value, variant, reason, version, error_code } = this.#evaluate(id, fallback, context);
    const details = { value, variant, reason, version, revision, age_ms };
    return error_code === undefined ? details : { ...details, error_code };
  }

  #evaluate<T>(id: string, fallback: T, context: EvaluationContext = {}): Evaluated<Widened<T>> {
    const { flags, held } = this.#core;
    const { evaluator, warn } = this.#options;
    const flag = flags.get(id);
    if (flag?.status === 'deprecated') warnOfDeprecation(flag.id, warn);
    return evaluate(flag, held ? 'FLAG_NOT_FOUND' : 'PROVIDER_NOT_READY', fallback as Widened<T>, evaluator, context);
  }

  /** The flag as the server defines it, frozen; null: it is not known, or not among those that are asked for. */
  definition(id: string): FlagDefinition | null {
    return freeze(this.#core.flags.get(id) ?? null);
  }

  /** All that are known, frozen; a list of its own for each call. */
  all(): FlagDefinition[] {
    return [...this.#core.flags.values()].map(freeze);
  }

  /** As it is now. */
  get status(): Status {
    return this.#core.status;
  }

  /**
   * Calls `listener` for each event from now on, one after the other; see `ClientEvents`. What a listener throws or rejects with
   * hurts nobody: it is told as `error`, and where an `error` listener does it, to nobody.
   * @returns the function that ends it.
   */
  on<N extends EventName>(name: N, listener: Listener<N>): () => void {
    return this.#core.emitter.on(name, listener);
  }

  /** See the class. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ChangeSet, void> {
    // Until what keeps them is loaded.
    const early: ChangeSet[] = [];
    const stop = this.on('change', (change) => early.push(change));
    try {
      yield* (await import('./change-queue.js')).queueOf(this.#core, early, stop);
    } finally {
      stop();
    }
  }

  /**
   * Asks for other flags from now on; null: for all. What is held stays on show, `stale`, until all that was asked for has come.
   * @returns a promise of that.
   * @throws InvalidFlags `flags_invalid` at once; (rejects) WaitTimeout `wait_timeout`: they may still come; ClientClosed.
   */
  subscribe(flags: readonly string[] | null, waiting?: Waiting): Promise<void> {
    this.#core.renew(readFlags(flags));
    return this.#core.waiters.wait(() => !this.#core.renewing, waiting, WaitTimeout, 'the sync of these flags');
  }

  /**
   * Resolves once what was committed at `cursor` is applied: the one that the admin API answers a change with. With a filter, a change
   * outside of it is seen with the next Heartbeat, at most 30 s later.
   * @throws InvalidCursor `cursor_invalid` at once; (rejects) WaitTimeout `wait_timeout`, ClientClosed `client_closed`.
   */
  waitFor(cursor: string, waiting?: Waiting): Promise<void> {
    const target = parseCursor(cursor);
    if (target === null) throw new InvalidCursor(`not a cursor: ${JSON.stringify(cursor)}`);
    return this.#core.waiters.wait(() => this.#core.hasReached(target), waiting, WaitTimeout, cursor);
  }

  /**
   * Ends it for good, at once: no connection, no timer and no listener of the page is left, loops end, promises reject. Flags are
   * evaluated on from what was held last. May be called twice.
   * @returns a promise that resolves, within 2 s, when the cache has been written. Never rejects.
   */
  close(): Promise<void> {
    return this.#core.close();
  }
}
