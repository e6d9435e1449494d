import { Injectable } from '@nestjs/common';
import { type Cursor, type FlagDefinition, type FlagEvent } from '@flagwire/protocol/sync';
import { type EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { Lookup } from '../database/lookup.js';
import { Rows } from '../database/rows.js';
import { Change } from './change.entity.js';
import { EncodedChangeSet } from './encoded-change-set.js';
import { EnvironmentHead } from './environment-head.entity.js';
import { type EnvironmentSnapshot } from './environment-replica.js';
import { FlagState } from './flag-state.entity.js';

/** Rows of the log in one read. */
const PAGE = 200;

const CHANGES = new Rows(Change, 'revision', 'epoch', 'mark', 'httpDate', 'createdAt', 'traceparent', 'loggedAt');
const HEADS = new Lookup(EnvironmentHead);

/** Change sets that a replica is loaded with. */
const RECENT = 100;

interface FoundChange extends Record<string, unknown> {
  later_events: string;
  now: number | string;
}

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
    return this.database.read((manager) => HEADS.find(manager, []));
  }

  /** An environment at one moment; null where it is gone. */
  snapshot(environmentId: string): Promise<EnvironmentSnapshot | null> {
    return this.database.snapshot(async (manager) => {
      const head = await manager.findOneBy(EnvironmentHead, { environmentId });
      const name = await this.nameOf(manager, environmentId);
      if (head === null || name === null) return null;
      const states = await manager.findBy(FlagState, { environmentId, deleted: false });
      const flags: FlagDefinition[] = states.map((state) => state.definition);
      const recent = await this.newest(manager, head);
      const { epoch, revision, mark, httpDate } = head;
      return { environment: name, head: { epoch, revision, mark }, httpDate, flags, recent };
    });
  }

  /**
   * The first page of the change sets that follow `cursor` in the log; empty where it is the newest row. Null where the row
   * at the cursor is gone or another one, or the rows are not dense: then the log does not lead on from there.
   */
  async after(head: EnvironmentHead, cursor: Cursor): Promise<EncodedChangeSet[] | null> {
    const { rows, now } = await this.database.read((manager) => this.rowsFrom(manager, head.environmentId, cursor.revision));
    const own = cursor.revision === 0 ? head.originMark : markOf(rows.shift(), cursor.revision);
    return own === cursor.mark ? chain(cursor, rows, now) : null;
  }

  head(environmentId: string): Promise<EnvironmentHead | null> {
    return this.database.read((manager) => manager.findOneBy(EnvironmentHead, { environmentId }));
  }

  /**
   * The row at `revision`, which is only compared and comes without its events, and those after it; and when that was by the
   * database's clock. The column `before` is for the audit trail and stays where it is.
   */
  private async rowsFrom(
    manager: EntityManager,
    environmentId: string,
    revision: number,
  ): Promise<{ rows: Change[]; now: number }> {
    const [own, of, from] = placesOf(manager, 3);
    const columns = `${CHANGES.columns(manager)}, CASE WHEN revision = ${own} THEN '[]' ELSE events END AS later_events`;
    const found: FoundChange[] = await manager.query(
      `SELECT ${columns}, ${this.database.clockMicros} AS now FROM change
        WHERE environment_id = ${of} AND revision >= ${from} ORDER BY revision LIMIT ${PAGE + 1}`,
      // As `bigintColumn` has it: a number would make another statement each time.
      [BigInt(revision), environmentId, BigInt(revision)],
    );
    const rows = CHANGES.read(manager, found);
    rows.forEach((row, index) => (row.events = JSON.parse(found[index]!.later_events) as FlagEvent[]));
    return { rows, now: Number(found.at(-1)?.now) };
  }

  /** The newest change sets up to the head; none where rows are missing among them. */
  private async newest(manager: EntityManager, head: EnvironmentHead): Promise<EncodedChangeSet[]> {
    const from = Math.max(0, head.revision - RECENT);
    const { rows } = await this.rowsFrom(manager, head.environmentId, from);
    const mark = from === 0 ? head.originMark : markOf(rows.shift(), from);
    const sets = mark === null ? null : chain({ epoch: head.epoch, revision: from, mark }, rows, null);
    return sets?.at(-1)?.after.mark === head.mark ? sets : [];
  }

  /** Names come by SQL: the tables belong to the projects, which stand on top of the log. */
  private async nameOf(
    manager: EntityManager,
    environmentId: string,
  ): Promise<{ id: string; key: string; projectKey: string } | null> {
    const [of] = placesOf(manager, 1);
    const rows: NameRow[] = await manager.query(
      `SELECT e.key AS key, p.key AS project_key FROM environment e JOIN project p ON p.id = e.project_id WHERE e.id = ${of}`,
      [environmentId],
    );
    const row = rows[0];
    return row === undefined ? null : { id: environmentId, key: row.key, projectKey: row.project_key };
  }
}

/** Where values stand in a statement: SQLite's drivers do not agree on what `$1` is. */
function placesOf({ dataSource: { driver } }: EntityManager, count: number): string[] {
  return Array.from({ length: count }, (_, index) => driver.createParameter('', index));
}

/** The mark of the row where it is the one of this revision; null where that is gone. */
function markOf(row: Change | undefined, revision: number): string | null {
  return row?.revision === revision ? row.mark : null;
}

/**
 * The rows as change sets that lead on from `start`; null where one is missing among them, or is of another epoch.
 * @param now microseconds of the database's clock; null where the rows were not waited for.
 */
function chain(start: Cursor, rows: readonly Change[], now: number | null): EncodedChangeSet[] | null {
  const sets: EncodedChangeSet[] = [];
  let before = start;
  for (const { epoch, revision, mark, httpDate, createdAt, traceparent, loggedAt, events } of rows) {
    if (revision !== before.revision + 1 || epoch !== start.epoch) return null;
    const after = { epoch, revision, mark };
    const readAfterMs = now === null || loggedAt === null ? null : Math.max(0, now - loggedAt) / 1000;
    sets.push(new EncodedChangeSet(before, after, httpDate, { createdAt, traceparent, readAfterMs }, events));
    before = after;
  }
  return sets;
}
