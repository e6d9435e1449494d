import { type ChangeSet } from '../api/change-set.js';
import { type EventName, type Listener } from '../api/emitter.js';
import { type Widened } from '../api/flag-sync-client.js';
import { type Status } from '../api/status.js';
import { type Waiting } from '../api/waiters.js';
import { type EvaluationContext } from '../evaluation/evaluator.js';
import { contextText } from './context-text.js';
import { detailsOf, type EvaluatedDetails } from './details.js';
import { EvaluatedCore } from './evaluated-core.js';
import { checkOptions, type EvaluatedFlagClientOptions } from './options.js';
import { type EvaluatedFlag } from './values.js';

/**
 * The values of one environment's flags for one context, as the server decides them, for those who must not see a rule: pages and
 * phones, with a client key. It begins to connect when it is made, and comes back by itself until `close()`.
 *
 * It can be iterated, as `FlagSyncClient` can: `for await (const { changes } of client)`.
 */
export class EvaluatedFlagClient {
  readonly #core: EvaluatedCore;

  /** @throws InvalidOptions `options_invalid`, and ServerKeyInBrowser `server_key_in_browser` where a page gives a server key. */
  constructor(options: EvaluatedFlagClientOptions) {
    checkOptions(options);
    this.#core = new EvaluatedCore(options);
  }

  /**
   * Resolves once values of the server have come, and for ever after; those of the cache do not count: they are shown before.
   * @throws (rejects) ReadyTimeout `ready_timeout`: the client goes on trying, and serves what it has; ClientClosed `client_closed`.
   */
  ready(waiting?: Waiting): Promise<void> {
    return this.#core.ready(waiting);
  }

  /**
   * The flag's value, or the fallback: where the flag is unknown, disabled, or of another type than the fallback; where the server
   * could not evaluate it; where nothing has come yet. At once, from memory. Objects are frozen. Never throws.
   */
  value<T>(id: string, fallback: T): Widened<T> {
    return this.details(id, fallback).value;
  }

  /** As `value`, with how it came about. Its reason is `STALE` where the value is that of another context. Never throws. */
  details<T>(id: string, fallback: T): EvaluatedDetails<Widened<T>> {
    return detailsOf(this.#core.session, id, fallback, this.#core.age);
  }

  /** What is shown of every flag, frozen; a list of its own for each call. */
  all(): EvaluatedFlag[] {
    return [...(this.#core.session.shown?.values.flags.values() ?? [])];
  }

  /** As it is now. */
  get status(): Status {
    return this.#core.status;
  }

  /**
   * Whom the flags are evaluated for from now on. What the cache has for this context is shown at once; else the values of the context
   * before are shown on, with the reason `STALE`, until those of this one have come.
   * @returns a promise of the server's values for it, or for one that was set after it.
   * @throws InvalidOptions `options_invalid` at once, where it is no object of JSON; (rejects) ConnectionFailed `context_refused`: the
   *   server cannot read it, and is asked for the next one only; WaitTimeout `wait_timeout`: they may still come; ClientClosed.
   */
  setContext(context: EvaluationContext, waiting?: Waiting): Promise<void> {
    return this.#core.setContext(contextText(context), waiting);
  }

  /**
   * Calls `listener` for each event from now on: `change`, `status`, `error`, as of a `FlagSyncClient`; what changes are `before` and
   * `after` as `all()` gives them.
   * @returns the function that ends it.
   */
  on<N extends Exclude<EventName, 'event'>>(name: N, listener: Listener<N, EvaluatedFlag>): () => void {
    return this.#core.emitter.on(name, listener);
  }

  /** See the class. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ChangeSet<EvaluatedFlag>, void> {
    // Until what keeps them is loaded.
    const early: ChangeSet<EvaluatedFlag>[] = [];
    const stop = this.on('change', (change) => early.push(change));
    try {
      yield* (await import('../api/change-queue.js')).queueOf(this.#core, early, stop);
    } finally {
      stop();
    }
  }

  /**
   * Ends it for good, at once: no connection, no timer and no listener of the page is left, loops end, promises reject. What was held
   * last is shown on. May be called twice.
   * @returns a promise that resolves, within 2 s, when the cache has been written. Never rejects.
   */
  close(): Promise<void> {
    return this.#core.close();
  }
}
