import { type SdkRequest } from '../../support/credentials.js';
import { type FlagDefinition, type FlagEvent } from '../../support/wire-types.js';

/** How a client was brought up to date when it came: by everything, or by what it had missed (which may be nothing). */
export type Begun = 'full' | 'delta';

/** One step of a client's state, from one cursor to a later one. */
export interface Step {
  cursor: string;
  /** The flags that it changed, sorted. */
  flags: string[];
  /** As they came; null on a transport that has no events. */
  events: readonly FlagEvent[] | null;
}

export interface SubscriberOptions extends SdkRequest {
  /** What is presented at the start; default nothing. */
  cursor?: string;
  /** The flags held at that cursor. */
  state?: ReadonlyMap<string, FlagDefinition>;
  /** For a cursor that never was. */
  mayGoBack?: boolean;
}

/** A client as the promises see it, whatever its transport. */
export interface Subscriber {
  readonly begun: Begun;
  /** The flags after the newest step or full sync. */
  readonly state: ReadonlyMap<string, FlagDefinition>;
  /** Up to where it has everything. */
  readonly cursor: string;
  /** What changed since it came, the delta of its start included and full syncs not. */
  readonly steps: readonly Step[];
  /** Waits until it has everything up to `cursor`, by its own means: a client that polls does so until then. */
  waitForCursor(cursor: string): Promise<void>;
  stop(): Promise<void>;
  /** @throws Error that lists every breach of the protocol so far. */
  expectInOrder(): void;
}

export interface Transport {
  /** Its column in the matrix. */
  readonly name: string;
  /** Resolves when the client has been brought up to date a first time. */
  start(options: SubscriberOptions): Promise<Subscriber>;
}

/** Never asserted: how long a client that will come is waited for on a busy machine. */
export const PATIENCE_MS = 20_000;
