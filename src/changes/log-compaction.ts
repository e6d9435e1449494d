import { Injectable } from '@nestjs/common';
import { type EntityManager, LessThanOrEqual } from 'typeorm';
import { Config } from '../config/config.js';
import { Change } from './change.entity.js';
import { EnvironmentHead } from './environment-head.entity.js';

/** Takes rows from the old end of the log that nobody can resume from any more. */
@Injectable()
export class LogCompaction {
  constructor(private readonly config: Config) {}

  /**
   * Removes the oldest rows of an environment, in the caller's transaction. The heads are not locked: writers go on.
   * @param before rows of this time and later stay (RFC 3339), and so do the newest ones by their number, whatever their age.
   * @param most that it looks at.
   * @returns how many it has removed; fewer than it might have where there was nothing more to remove.
   */
  async removeOldest(manager: EntityManager, environmentId: string, before: string, most: number): Promise<number> {
    const head = await manager.findOneBy(EnvironmentHead, { environmentId });
    if (head === null) return 0;
    const floor = head.revision - this.config.floorRevisions;
    const rows = await manager.find(Change, {
      select: { environmentId: true, revision: true, createdAt: true },
      where: { environmentId, revision: LessThanOrEqual(floor) },
      order: { revision: 'ASC' },
      take: most + 1,
    });
    // A row is what a cursor is compared with: it stays as long as the one after it can be asked for.
    const kept = rows.findIndex((_, index) => (rows[index + 1]?.createdAt ?? before) >= before);
    const last = rows[kept - 1];
    if (last === undefined) return 0;
    await manager.delete(Change, { environmentId, revision: LessThanOrEqual(last.revision) });
    return kept;
  }
}
