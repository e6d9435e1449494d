import { type FlagDefinition } from '@flagwire/protocol/sync';
import { freeze } from '../evaluation/freeze.js';
import { type ChangeSet, type FlagOccurrence, occurrencesOf } from './change-set.js';
import { type FlagwireError, ListenerFailed } from './errors.js';
import { type Status } from './status.js';

/** What can be listened to; `T` is what a change is of. */
export interface ClientEvents<T = FlagDefinition> {
  /** Once for each change set, and for each full sync that made a difference; all of it is applied before. */
  change: ChangeSet<T>;
  /** Once for each flag of a `change`, after it. */
  event: FlagOccurrence;
  /** The state or the transport is another one. */
  status: Status;
  /** Something that the client deals with by itself, told for a log. */
  error: FlagwireError;
}
export type EventName = keyof ClientEvents;
export type Listener<N extends EventName, T = FlagDefinition> = (event: ClientEvents<T>[N]) => unknown;

/**
 * Tells the listeners, in the order in which they came. What one of them does cannot hurt the next: what it throws is told as
 * `error`, unless that is where it was thrown; and what it sets off (`close` in a listener) is told after what is being told.
 */
export class Emitter<T = FlagDefinition> {
  readonly #listeners: { readonly [N in EventName]: Set<{ listener: Listener<N, T> }> } = {
    ...{ change: new Set(), event: new Set(), status: new Set(), error: new Set() },
  };
  readonly #waiting: (() => void)[] = [];

  /** Gives the function that ends it. */
  on<N extends EventName>(name: N, listener: Listener<N, T>): () => void {
    const entry = { listener };
    this.#listeners[name].add(entry);
    return () => void this.#listeners[name].delete(entry);
  }

  /** Frozen: nobody who is told of a definition can change what others are told, or what is evaluated. */
  emitChange(this: Emitter, change: ChangeSet): void {
    const { change: ofSets, event: ofFlags } = this.#listeners;
    if (ofSets.size + ofFlags.size === 0) return;
    this.emit('change', freeze(change));
    if (ofFlags.size > 0) for (const occurrence of occurrencesOf(change)) this.emit('event', freeze(occurrence));
  }

  emit<N extends EventName>(name: N, event: ClientEvents<T>[N]): void {
    const tell = (): void => {
      for (const { listener } of [...this.#listeners[name]]) this.#tell(name, listener, event);
    };
    if (this.#waiting.push(tell) > 1) return;
    // Also what is added meanwhile.
    for (const next of this.#waiting) next();
    this.#waiting.length = 0;
  }

  #tell<N extends EventName>(name: N, listener: Listener<N, T>, event: ClientEvents<T>[N]): void {
    const onError = (cause: unknown): void => {
      if (name !== 'error') this.emit('error', new ListenerFailed(name, { cause }));
    };
    try {
      const answer = listener(event);
      // One that is async rejects later: nobody else would hear of it, and Node.js ends a process for it.
      if (typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function')
        Promise.resolve(answer).then(undefined, onError);
    } catch (error) {
      onError(error);
    }
  }
}
