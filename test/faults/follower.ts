import { setTimeout as sleep } from 'node:timers/promises';
import { SincePoller } from '../support/poll-client.js';
import { SseProbe, type SseOptions } from '../support/sse-client.js';
import { type AppliedSet } from '../support/sync-checker.js';
import { type FlagDefinition } from '../support/wire-types.js';

/** Between two attempts to connect. */
const RETRY_MS = 25;
/** For the head of an answer, and for the first sync. */
const PATIENCE_MS = 30_000;

/** What the followers of a test have in common, whatever they are made of. */
export interface Follower {
  readonly name: string;
  readonly cursor: string;
  readonly state: ReadonlyMap<string, FlagDefinition>;
  /** Whole change sets in the order in which they came, over all connections. */
  readonly applied: readonly AppliedSet[];
  /** How its syncs began. */
  readonly syncs: { full: number; delta: number };
  /** Breaches of the protocol. */
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

/** An SDK on a stream: whenever its connection ends it connects again, to the next of its nodes, from where it stands. */
export class StreamFollower implements Follower {
  readonly name: string;
  readonly syncs = { full: 0, delta: 0 };
  readonly faults: string[] = [];
  readonly #earlier: AppliedSet[] = [];
  readonly #running: Promise<void>;
  #probe: SseProbe | undefined;
  #stopped = false;

  constructor(
    readonly options: SseOptions,
    private readonly nodes: readonly string[] = [options.url],
  ) {
    this.name = `stream of ${nodes.join(', ')}`;
    this.#running = this.#run();
  }

  get cursor(): string {
    return this.#probe?.checker.cursor ?? 'none';
  }

  get state(): ReadonlyMap<string, FlagDefinition> {
    return this.#probe?.state ?? new Map<string, FlagDefinition>();
  }

  get applied(): readonly AppliedSet[] {
    return [...this.#earlier, ...(this.#probe?.applied ?? [])];
  }

  /** Ends the present connection, so that it comes back on the next node. */
  async move(): Promise<void> {
    await this.#probe?.close();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#probe?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#stopped; attempt += 1) {
      const url = this.nodes[attempt % this.nodes.length] ?? this.options.url;
      try {
        await this.#connect(url);
      } catch (error) {
        if (!/ECONNREFUSED|ECONNRESET|socket hang up/.test(String(error))) this.faults.push(String(error));
      }
      await sleep(RETRY_MS);
    }
  }

  async #connect(url: string): Promise<void> {
    const held = this.#probe;
    // From the checker: what a broken connection left half of a change set is staged, not applied.
    const stand = held === undefined ? {} : { cursor: held.checker.cursor, state: held.state };
    const probe = await SseProbe.connect({ timeoutMs: PATIENCE_MS, ...this.options, url, ...stand });
    if (held !== undefined) this.#earlier.push(...held.applied);
    this.#probe = probe;
    if (this.#stopped) await probe.close();
    await probe.closed;
    for (const message of probe.messages) if (message.type === 'SyncStarted') this.syncs[message.data.mode] += 1;
    try {
      probe.assertInOrder();
    } catch (error) {
      this.faults.push(String(error));
    }
  }
}

/** An SDK that asks for what it missed, for ever, on each of its nodes in turn. */
export class PollFollower implements Follower {
  readonly name: string;
  readonly faults: string[] = [];
  readonly #poller: SincePoller;
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(
    options: { url: string; key: string },
    private readonly nodes: readonly string[] = [options.url],
  ) {
    this.name = `poller of ${nodes.join(', ')}`;
    this.#poller = new SincePoller(options);
    this.#running = this.#run();
  }

  get cursor(): string {
    return this.#poller.cursor;
  }

  get state(): ReadonlyMap<string, FlagDefinition> {
    return this.#poller.state;
  }

  get applied(): readonly AppliedSet[] {
    return this.#poller.applied;
  }

  get syncs(): { full: number; delta: number } {
    return this.#poller.counts;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.faults.push(...this.#poller.checker.violations);
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#stopped; attempt += 1) {
      this.#poller.request.url = this.nodes[attempt % this.nodes.length] ?? this.#poller.request.url;
      try {
        await this.#poller.poll({ wait: 1 });
      } catch (error) {
        const isAway = /ECONNREFUSED|ECONNRESET|socket hang up|aborted|answered 503/.test(String(error));
        if (!isAway) this.faults.push(String(error));
        await sleep(RETRY_MS);
      }
    }
  }
}
