import { createHash } from 'node:crypto';
import { type ClientName } from './client-name.js';
import { type Laggard, MOST_LAGGARDS, MOST_POLLERS } from './row.js';

/** Who has not asked for this long is gone: longer than the longest wait, and than most pause. */
const GONE_MS = 90_000;

interface Poller {
  readonly id: string;
  readonly client: ClientName | null;
  readonly since: number;
  revision: number;
  cursor: string;
  seenAt: number;
  /** What it was answered last, which it has when it says so. */
  answered: { revision: number; at: number } | null;
  /** The newest revision whose delay was counted, or need not be. */
  timed: number;
}

/** The polling clients of one environment that name themselves; all others cannot be told apart. Times are monotonic milliseconds. */
export class Pollers {
  /** By who asked last, longest ago first. */
  private readonly known = new Map<string, Poller>();

  /** @param time is told when a client had a revision. */
  constructor(private readonly time: (revision: number, at: number) => void) {}

  get isEmpty(): boolean {
    return this.known.size === 0;
  }

  /**
   * A poll says what its client has. @param head the newest revision of the node: what was there before a client came is not timed.
   * @param revision -1: nothing of the present history.
   */
  asked(name: string, client: ClientName | null, at: { revision: number; cursor: string; head: number; now: number }): void {
    const { revision, cursor, head, now } = at;
    const known = this.known.get(name) ?? this.newcomer(name, client, head, now);
    if (known === null) return;
    this.known.delete(name);
    this.known.set(name, known);
    [known.revision, known.cursor, known.seenAt] = [revision, cursor, now];
    const { answered } = known;
    if (revision <= known.timed) return;
    this.time(revision, answered !== null && answered.revision === revision ? answered.at : now);
    known.timed = revision;
  }

  /** Its poll was answered with what leads to this revision. */
  answered(name: string, revision: number, now: number): void {
    const known = this.known.get(name);
    if (known === undefined) return;
    known.seenAt = now;
    if (known.answered?.revision !== revision) known.answered = { revision, at: now };
  }

  /** Another history, of which nobody has anything. */
  forget(head: number): void {
    for (const poller of this.known.values()) {
      poller.revision = -1;
      poller.answered = null;
      poller.timed = head;
    }
  }

  standings(now: number): [id: string, revision: number, idle_ms: number][] {
    this.expire(now);
    return [...this.known.values()].map(({ id, revision, seenAt }) => [id, revision, Math.round(now - seenAt)]);
  }

  count(isWanted: (revision: number, since: number) => boolean, now: number): number {
    this.expire(now);
    return [...this.known.values()].filter(({ revision, since }) => isWanted(revision, since)).length;
  }

  laggards(head: number, now: number, behindSince: (revision: number) => number | null): Laggard[] {
    return [...this.known.values()]
      .filter(({ revision }) => revision < head)
      .slice(0, MOST_LAGGARDS)
      .map(({ id, client, revision, cursor, since }) => ({
        ...{ poller: id, client: client?.name ?? null, version: client?.version ?? null, transport: 'polling' },
        ...{ revision, cursor, behind_ms: Math.round(now - Math.max(since, behindSince(revision) ?? since)) },
      }));
  }

  private newcomer(name: string, client: ClientName | null, head: number, now: number): Poller | null {
    this.expire(now);
    if (this.known.size >= MOST_POLLERS) return null;
    const id = createHash('sha256').update(name).digest('base64url').slice(0, 12);
    return { id, client, since: now, revision: -1, cursor: '', seenAt: now, answered: null, timed: head };
  }

  private expire(now: number): void {
    for (const [name, { seenAt }] of this.known) {
      if (now - seenAt < GONE_MS) return;
      this.known.delete(name);
    }
  }
}
