import { Injectable } from '@nestjs/common';
import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { serializeDictionary } from 'structured-headers';
import { KeyRing } from '../../auth/key-ring.js';
import { ChangeFeed } from '../../changes/change-feed.js';
import { Siblings } from '../../workers/siblings.js';
import { Reply } from './reply.js';

/** An environment that a write covers, and where its log stands after it. */
export interface Covered {
  readonly environment: { readonly id: string; readonly key: string };
  readonly cursor: Cursor;
}

/** `production="k3x9q0ab.42.p7q1zd", staging="…"` (RFC 9651): what whoever made the write can wait for. */
export function cursorHeader(covered: readonly Covered[]): string {
  return serializeDictionary(
    Object.fromEntries(covered.map(({ environment, cursor }) => [environment.key, formatCursor(cursor)])),
  );
}

/** Answers writes. What the answers wait for begins after the commit. */
@Injectable()
export class WriteReplies {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly keys: KeyRing,
    private readonly siblings: Siblings,
  ) {}

  /** With the cursors of what the write covers, once this server shows it (after a second at most). */
  reply<T>(body: T, covered: readonly Covered[], headers: Record<string, string> = {}): Reply<T> {
    const written = new Map(covered.map(({ environment, cursor }) => [environment.id, cursor]));
    // An empty dictionary is no header at all (RFC 9651, 4.1).
    const all = covered.length === 0 ? headers : { ...headers, 'Flagwire-Cursor': cursorHeader(covered) };
    return new Reply(body, all, () => this.everywhere(this.feed.reach(written)));
  }

  /** The same for a write that changed the environment's keys, and so makes no revision: this node knows the new ones. */
  keyReply<T>(body: T, covered: Covered, headers: Record<string, string> = {}): Reply<T> {
    const all = { ...headers, 'Flagwire-Cursor': cursorHeader([covered]) };
    return new Reply(body, all, () => this.everywhere(this.keys.refresh(covered.environment.id)));
  }

  /** An answer that was given before, maybe by another node: this one has read the log since. */
  again(body: unknown, headers: Readonly<Record<string, string>>): Reply<unknown> {
    return new Reply(body, headers, () => this.everywhere(this.feed.catchUp().catch(() => undefined)));
  }

  /** Whichever worker is asked next. */
  private async everywhere(here: Promise<void>): Promise<void> {
    await Promise.all([here, this.siblings.catchUp()]);
  }
}
