import { reaches } from './cursor.js';
import { SyncChecker, type AppliedSet, type CheckerOptions } from './sync-checker.js';
import { type FlagDefinition, type Goodbye, type Message } from './wire-types.js';

export interface ProbeEnd {
  /** `server`: it ended the connection in order; `error`: it broke; `client`: `close()` was called. */
  by: 'server' | 'client' | 'error';
  error?: Error;
  /** Of a WebSocket. */
  code?: number;
}

interface Waiter {
  check: () => boolean;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Below Jest's own limit, so that the failure says what was waited for. */
const DEFAULT_WAIT_MS = 4000;

/**
 * What a test can ask of one connection, whatever its transport: a subclass hands over each message by `receive` and
 * the end by `end`.
 */
export abstract class SyncProbe {
  readonly messages: Message[] = [];
  readonly checker: SyncChecker;
  /** Resolves at the end of the connection; never rejects. */
  readonly closed: Promise<ProbeEnd>;
  /** The id of the newest message: what a reconnect has to present. */
  cursor: string;
  #ended: ProbeEnd | undefined;
  #resolveClosed: (end: ProbeEnd) => void = () => undefined;
  readonly #waiters = new Set<Waiter>();

  protected constructor(options: CheckerOptions) {
    this.checker = new SyncChecker(options);
    this.cursor = this.checker.cursor;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  abstract close(): Promise<ProbeEnd>;

  /** The flags after the last whole change set or full sync. */
  get state(): Map<string, FlagDefinition> {
    return this.checker.state;
  }

  /** Whole change sets received outside of full syncs. */
  get applied(): readonly AppliedSet[] {
    return this.checker.applied;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** The data of the `Goodbye` message, once it came. */
  get goodbye(): Goodbye | undefined {
    const found = this.messages.find((message) => message.type === 'Goodbye');
    return found?.type === 'Goodbye' ? found.data : undefined;
  }

  /**
   * The first message, from index `from` on (0: also those received already), that fits.
   * @throws Error with the newest messages after `ms`, or when the connection ends before.
   */
  async waitFor(fits: (message: Message) => boolean, ms = DEFAULT_WAIT_MS, from = 0): Promise<Message> {
    let next = from;
    const check = (): boolean => {
      while (next < this.messages.length && !fits(this.messages[next] as Message)) next += 1;
      return next < this.messages.length;
    };
    await this.#until(check, ms, 'a message that fits');
    return this.messages[next] as Message;
  }

  /** Waits for the first whole sync, or for the `count`th of this connection. @throws as `waitFor`. */
  waitForSync(ms = DEFAULT_WAIT_MS, count = 1): Promise<void> {
    return this.#until(() => this.checker.syncs >= count, ms, `sync number ${count}`);
  }

  /** Waits until everything up to `cursor` (of an admin answer's header) is applied. @throws as `waitFor`. */
  waitForCursor(cursor: string, ms = DEFAULT_WAIT_MS): Promise<void> {
    return this.#until(() => reaches(this.checker.cursor, cursor), ms, `the cursor ${cursor}`);
  }

  /** Waits until the state is such. @throws as `waitFor`. */
  waitForState(fits: (state: ReadonlyMap<string, FlagDefinition>) => boolean, ms = DEFAULT_WAIT_MS): Promise<void> {
    return this.#until(() => fits(this.state), ms, 'the state');
  }

  /** @throws Error that lists every breach of protocol section 2 seen so far on this connection. */
  assertInOrder(): void {
    const faults = this.faults();
    if (faults.length > 0) throw new Error(`the connection broke the protocol:\n- ${faults.join('\n- ')}\n${this.dump()}`);
  }

  /** A transport adds the rules of its own. */
  protected faults(): string[] {
    return this.checker.violations;
  }

  protected receive(message: Message): void {
    this.messages.push(message);
    this.cursor = message.id;
    this.checker.receive(message);
    this.#wake();
  }

  protected end(end: ProbeEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    this.#resolveClosed(end);
    this.#wake();
  }

  protected dump(): string {
    const newest = this.messages.slice(-12).map((message) => {
      const more = message.more ? ' more' : '';
      return `  ${message.type}${more} id=${message.id} ${JSON.stringify(message.data).slice(0, 160)}`;
    });
    return `messages: ${this.messages.length}, the newest:\n${newest.join('\n')}`;
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (waiter.check()) waiter.resolve();
      else if (this.#ended !== undefined) waiter.reject(new Error(`the connection ended (${this.#ended.by})`));
    }
  }

  async #until(check: () => boolean, ms: number, what: string): Promise<void> {
    if (check()) return;
    const waiter: Waiter = { check, resolve: () => undefined, reject: () => undefined };
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        Object.assign(waiter, { resolve, reject });
        this.#waiters.add(waiter);
        timer = setTimeout(() => reject(new Error(`${ms} ms passed`)), ms);
        if (this.#ended !== undefined) reject(new Error(`the connection ended (${this.#ended.by})`));
      });
    } catch (error) {
      throw new Error(`waited for ${what}, but ${(error as Error).message}; cursor ${this.cursor}\n${this.dump()}`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }
}
