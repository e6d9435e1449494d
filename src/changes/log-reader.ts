import { Injectable } from '@nestjs/common';
import { type Cursor, type FlagDefinition } from '@flagwire/protocol/sync';
import { type EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { Change } from './change.entity.js';
import { EncodedChangeSet } from './encoded-change-set.js';
import { EnvironmentHead } from './environment-head.entity.js';
import { type EnvironmentSnapshot } from './environment-replica.js';
import { FlagState } from './flag-state.entity.js';

/** Rows of the log in one read. */
const PAGE = 500;

interface NameRow {
  key: string;
  project_key: string;
}

/** The reads that replicas are made of. */
@Injectable()
export class LogReader {
  constructor(private readonly database: Database) {}

  /** Where every environment stands, in one query. */
  heads(): Promise<EnvironmentHead[]> {
    return this.database.read((manager) => manager.find(EnvironmentHead));
  }

  /** An environment at one moment; null where it is gone. */
  snapshot(environmentId: string): Promise<EnvironmentSnapshot | null> {
    return this.database.snapshot(async (manager) => {
      const head = await manager.findOneBy(EnvironmentHead, { environmentId });
      const name = await this.nameOf(manager, environmentId);
      if (head === null || name === null) return null;
      const states = await manager.findBy(FlagState, { environmentId, deleted: false });
      const flags: FlagDefinition[] = states.map((state) => state.definition);
      const { epoch, revision, mark, httpDate } = head;
      return { environment: name, head: { epoch, revision, mark }, httpDate, flags };
    });
  }

  /**
   * The first page of the change sets that follow `cursor` in the log; empty where it is the newest row. Null where the row
   * at the cursor is gone or another one, or the rows are not dense: then the log does not lead on from there.
   */
  async after(head: EnvironmentHead, cursor: Cursor): Promise<EncodedChangeSet[] | null> {
    const rows = await this.rowsFrom(head.environmentId, cursor.revision);
    if (cursor.revision > 0) {
      const own = rows.shift();
      if (own === undefined || own.revision !== cursor.revision || own.mark !== cursor.mark) return null;
    } else if (head.originMark !== cursor.mark) {
      return null;
    }
    const sets: EncodedChangeSet[] = [];
    let before = cursor;
    for (const row of rows) {
      if (row.revision !== before.revision + 1 || row.epoch !== cursor.epoch) return null;
      const after = { epoch: row.epoch, revision: row.revision, mark: row.mark };
      sets.push(new EncodedChangeSet(before, after, row.httpDate, row.createdAt, row.events));
      before = after;
    }
    return sets;
  }

  head(environmentId: string): Promise<EnvironmentHead | null> {
    return this.database.read((manager) => manager.findOneBy(EnvironmentHead, { environmentId }));
  }

  /** The row at `revision` and those after it. The column `before` is for the audit trail and stays where it is. */
  private rowsFrom(environmentId: string, revision: number): Promise<Change[]> {
    return this.database.read((manager) =>
      manager
        .createQueryBuilder(Change, 'c')
        .select(['c.environmentId', 'c.revision', 'c.epoch', 'c.mark', 'c.httpDate', 'c.createdAt', 'c.events'])
        .where('c.environment_id = :environmentId AND c.revision >= :revision', { environmentId, revision })
        .orderBy('c.revision', 'ASC')
        .limit(PAGE + 1)
        .getMany(),
    );
  }

  /** Names come by SQL: the tables belong to the projects, which stand on top of the log. */
  private async nameOf(
    manager: EntityManager,
    environmentId: string,
  ): Promise<{ id: string; key: string; projectKey: string } | null> {
    const rows: NameRow[] = await manager.query(
      'SELECT e.key AS key, p.key AS project_key FROM environment e JOIN project p ON p.id = e.project_id WHERE e.id = $1',
      [environmentId],
    );
    const row = rows[0];
    return row === undefined ? null : { id: environmentId, key: row.key, projectKey: row.project_key };
  }
}
