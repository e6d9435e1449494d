import { Injectable } from '@nestjs/common';
import { type Cursor, type FlagDefinition, flagIdOf, formatCursor } from '@flagwire/protocol/sync';
import { type EntityManager, MoreThan } from 'typeorm';
import { Conflict } from '../common/errors.js';
import { Database } from '../database/database.js';
import { Change } from './change.entity.js';
import { EnvironmentHead } from './environment-head.entity.js';

/** Rows in memory at once: each may tell of every flag of the environment. */
const PAGE = 20;

/** The log as the audit trail shows it: whole rows, oldest first. */
@Injectable()
export class ChangeHistory {
  constructor(private readonly database: Database) {}

  /** One revision of the present history; null: it is not there, any more or yet. `committedAt` of revision 0 is null. */
  async revision(
    environmentId: string,
    revision: number,
  ): Promise<{ epoch: string; revision: number; cursor: string; committedAt: string | null } | null> {
    return this.database.read(async (manager) => {
      const head = await manager.findOneBy(EnvironmentHead, { environmentId });
      if (head === null || revision > head.revision) return null;
      const { epoch, originMark: mark } = head;
      if (revision === 0) return { epoch, revision, cursor: formatCursor({ epoch, revision, mark }), committedAt: null };
      const select = { environmentId: true, revision: true, epoch: true, mark: true, createdAt: true };
      const row = await manager.findOne(Change, { select, where: { environmentId, revision, epoch } });
      return row === null ? null : { epoch, revision, cursor: formatCursor(row), committedAt: row.createdAt };
    });
  }

  /** The rows after a revision; `next` is the `afterRevision` of the next page, null on the last. */
  async page(environmentId: string, afterRevision: number, limit: number): Promise<{ items: Change[]; next: number | null }> {
    const rows = await this.database.read((manager) =>
      manager.find(Change, {
        where: { environmentId, revision: MoreThan(afterRevision) },
        order: { revision: 'ASC' },
        take: limit + 1,
      }),
    );
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? (items.at(-1)?.revision ?? null) : null };
  }

  /**
   * What the flags that changed after `revision` were at it, by id; null: not there. Those that are not named are what they were.
   * The log is read forwards: what the first change after the revision found is what there was at it.
   * @param head where the log stands; its row is locked, so that it stays there.
   * @throws Conflict where rows of the log are missing after the revision.
   */
  async definitionsAt(
    manager: EntityManager,
    environmentId: string,
    head: Cursor,
    revision: number,
  ): Promise<Map<string, FlagDefinition | null>> {
    const found = new Map<string, FlagDefinition | null>();
    for (let at = revision; at < head.revision;) {
      const where = { environmentId, epoch: head.epoch, revision: MoreThan(at) };
      const rows = await manager.find(Change, { where, order: { revision: 'ASC' }, take: PAGE });
      if (rows.length === 0) throw notKept(revision);
      for (const { revision: next, events, before } of rows) {
        if (next !== at + 1) throw notKept(revision);
        at = next;
        for (const [index, event] of events.entries()) {
          const id = flagIdOf(event);
          if (!found.has(id)) found.set(id, before[index] ?? null);
        }
      }
    }
    return found;
  }
}

function notKept(revision: number): Conflict {
  return new Conflict(
    'revision_not_kept',
    `The log does not lead from revision ${revision} to the present one: rows are missing`,
  );
}
