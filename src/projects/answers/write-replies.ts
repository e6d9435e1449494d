import { Injectable } from '@nestjs/common';
import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { serializeDictionary } from 'structured-headers';
import { KeyRing } from '../../auth/key-ring.js';
import { ChangeFeed } from '../../changes/change-feed.js';
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

/** Answers writes, after their commit. */
@Injectable()
export class WriteReplies {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly keys: KeyRing,
  ) {}

  /** The same for a write that changed the environment's keys, and so makes no revision: this node knows the new ones. */
  async keyReply<T>(body: T, covered: Covered, headers: Record<string, string> = {}): Promise<Reply<T>> {
    await this.keys.refresh(covered.environment.id);
    return new Reply(body, { ...headers, 'Flagwire-Cursor': cursorHeader([covered]) });
  }

  /** Waits until this node shows the write (a second at most), then answers with the cursors of what it covers. */
  async reply<T>(body: T, covered: readonly Covered[], headers: Record<string, string> = {}): Promise<Reply<T>> {
    await this.feed.reach(new Map(covered.map(({ environment, cursor }) => [environment.id, cursor])));
    // An empty dictionary is no header at all (RFC 9651, 4.1).
    return new Reply(body, covered.length === 0 ? headers : { ...headers, 'Flagwire-Cursor': cursorHeader(covered) });
  }
}
