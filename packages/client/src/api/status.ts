import { type SyncState } from '../sync/state.js';
import { type Traits, type TransportName } from '../transport/transport.js';

/**
 * - `connecting`: no flag has come yet, and there is no connection.
 * - `syncing`: there is one, and the flags that it begins with are on their way; those of before are shown meanwhile.
 * - `live`: the flags are those of the server, and each change comes at once.
 * - `polling`: the flags are those of the server at the last poll.
 * - `stale`: flags are shown that may be out of date: from the cache, or of a connection that ended or has gone quiet.
 * - `closed`: by `close()`. The flags are shown on.
 */
export type State = 'connecting' | 'syncing' | 'live' | 'polling' | 'stale' | 'closed';

export interface Status {
  readonly state: State;
  /** Where the flags that are shown stand; null: no server has said. */
  readonly cursor: string | null;
  /** Of the environment, at that cursor. */
  readonly revision: number | null;
  /** The one in use, or tried next. */
  readonly transport: TransportName | null;
  /**
   * How long ago the flags were known to be those of the server, in milliseconds; null: never. While `live`: how far the node was
   * behind its log, and since when nothing has been heard of it; up to 15 s of that are nothing but quiet, and 30 s over what shows
   * no pings: WebSocket, Socket.IO, EventSource.
   */
  readonly lag_ms: number | null;
  /** How long the state has been this one, in milliseconds. */
  readonly for_ms: number;
}

/** What the state follows from. */
export interface Standing {
  readonly sync: Pick<SyncState, 'phase' | 'age_ms'>;
  /** There are flags to show, even if they are none. */
  readonly held: boolean;
  readonly transport: Traits | undefined;
  /** The last poll failed. */
  readonly failed: boolean;
  /** Since the flags were known to be those of the server, in milliseconds; null: never. */
  readonly lag_ms: number | null;
}

export interface Freshness {
  readonly state: Exclude<State, 'closed'>;
  /** After how many milliseconds time alone makes it `stale`; Infinity: it does not. */
  readonly ends_in: number;
}

/** Past this, flags are out of date (protocol section 10). */
const STALE_MS = 10_000;

export function freshnessOf({ sync, held, transport, failed, lag_ms }: Standing): Freshness {
  const quiet = { state: held ? 'stale' : 'connecting', ends_in: Infinity } as const;
  const until = (state: 'live' | 'polling', due: number): Freshness => {
    const ends_in = due + STALE_MS - (lag_ms ?? 0);
    return ends_in > 0 ? { state, ends_in } : quiet;
  };
  switch (sync.phase.name) {
    case 'away':
      return quiet;
    case 'opening':
    case 'full':
    case 'delta':
      return { ...quiet, state: 'syncing' };
    case 'live':
      // By the server's word the node itself is behind.
      return (sync.age_ms ?? 0) < STALE_MS ? until('live', transport?.quiet_ms ?? 0) : quiet;
    case 'polled':
      return failed || transport === undefined
        ? quiet
        : until('polling', transport.interval_ms * 1.25 + transport.answers_within_ms);
  }
}
