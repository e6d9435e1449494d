import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type EntityManager, LessThanOrEqual } from 'typeorm';
import { EnvironmentHead } from '../../changes/environment-head.entity.js';
import { LogCompaction } from '../../changes/log-compaction.js';
import { Clock, isoTime } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { AuditRecordRow } from './audit-record.entity.js';

const EVERY_MS = 600_000;
/** Rows of one transaction. */
const BATCH = 500;

type Remove = (manager: EntityManager) => Promise<number>;

/** Removes what is older than the settings say from both audit trails: in small transactions, by one node at a time. */
@Injectable()
export class AuditCompaction implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly log: LogCompaction,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.auditKeepMs === null) return;
    this.timer = setInterval(() => {
      this.run().catch((error: unknown) => this.logger.debug(`Nothing removed: ${String(error)}`));
    }, EVERY_MS);
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    if (this.timer !== null) clearInterval(this.timer);
  }

  /**
   * @returns how many rows were removed; none where all are kept for ever, or another node is at it.
   * @throws DatabaseUnavailable
   */
  async run(): Promise<number> {
    const { auditKeepMs, floorMs } = this.config;
    if (auditKeepMs === null) return 0;
    const before = isoTime(this.clock.now() - auditKeepMs);
    // What can be resumed from is kept in any case.
    const logBefore = isoTime(this.clock.now() - Math.max(auditKeepMs, floorMs));
    let removed = await this.inBatches((manager) => this.removeRecords(manager, before));
    const environments = await this.database.read((manager) =>
      manager.find(EnvironmentHead, { select: { environmentId: true } }),
    );
    for (const { environmentId } of environments) {
      removed += await this.inBatches((manager) => this.log.removeOldest(manager, environmentId, logBefore, BATCH));
    }
    if (removed > 0) this.logger.log(`Removed ${removed} rows from the audit trails, from before ${before}`);
    return removed;
  }

  private async inBatches(remove: Remove): Promise<number> {
    let removed = 0;
    for (let last = BATCH; last === BATCH && !this.stopped; removed += last) last = await this.alone(remove);
    return removed;
  }

  /** Not at the same time as another node: nobody waits for the lock, which lasts as long as the transaction. */
  private alone(remove: Remove): Promise<number> {
    return this.database.write(async (manager) => {
      if (this.database.dialect === 'postgres') {
        const sql = `SELECT pg_try_advisory_xact_lock(hashtext('flagwire compaction')) AS locked`;
        const [row] = await manager.query<{ locked: boolean }[]>(sql);
        if (row?.locked !== true) return 0;
      }
      return remove(manager);
    });
  }

  private async removeRecords(manager: EntityManager, before: string): Promise<number> {
    const rows = await manager.find(AuditRecordRow, {
      select: { sequence: true, createdAt: true },
      order: { sequence: 'ASC' },
      take: BATCH,
    });
    const kept = rows.findIndex(({ createdAt }) => createdAt >= before);
    const old = kept === -1 ? rows : rows.slice(0, kept);
    const last = old.at(-1);
    if (last !== undefined) await manager.delete(AuditRecordRow, { sequence: LessThanOrEqual(last.sequence) });
    return old.length;
  }
}
