import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type ChangeSet } from './change-set.js';
import { type Emitter } from './emitter.js';
import { merge } from './merge.js';
import { type StatusWatch } from './status-watch.js';

/** Change sets that wait for one who reads slowly. From then on the newest ones are merged: none of it is lost but what came between. */
export const MAX_WAITING = 100;

/** For one loop: the change sets that have come already, and those of a client from now on. `onBegun`: it takes them itself. */
export function queueOf<T>(
  { emitter, watch }: { readonly emitter: Emitter<T>; readonly watch: StatusWatch },
  early: readonly ChangeSet<T>[],
  onBegun: () => void,
): ChangeQueue<T> {
  onBegun();
  const stops = [
    emitter.on('change', (change) => queue.push(change)),
    emitter.on('status', ({ state }) => void (state === 'closed' && queue.end())),
  ];
  const queue: ChangeQueue<T> = new ChangeQueue(() => stops.forEach((stop) => stop()));
  for (const change of early) queue.push(change);
  if (watch.now.state === 'closed') queue.end();
  return queue;
}

type Result<T> = IteratorResult<ChangeSet<T>, undefined>;

/** The change sets for one `for await`. Ends with the client, or with the loop. */
export class ChangeQueue<T = FlagDefinition> implements AsyncIterableIterator<ChangeSet<T>, undefined> {
  readonly #changes: ChangeSet<T>[] = [];
  readonly #readers: ((result: Result<T>) => void)[] = [];
  #ended = false;
  readonly #onEnd: () => void;

  /** @param onEnd when nothing more is to come; may be called twice. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(change: ChangeSet<T>): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader({ done: false, value: change });
    const last = this.#changes.length < MAX_WAITING ? undefined : this.#changes.pop();
    const added = last === undefined ? change : merge(last, change);
    // Two that undo each other are none.
    if (added.changes.length > 0) this.#changes.push(added);
  }

  /** What waits is still read. */
  end(): void {
    this.#ended = true;
    this.#onEnd();
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  async next(): Promise<Result<T>> {
    const value = this.#changes.shift();
    if (value !== undefined) return { done: false, value };
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  async return(): Promise<Result<T>> {
    this.#changes.length = 0;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
