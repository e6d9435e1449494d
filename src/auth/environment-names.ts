import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../changes/change-feed.js';
import { Database } from '../database/database.js';

/** What an environment is called: from its replica, or from the database while that is not loaded. */
@Injectable()
export class EnvironmentNames {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly database: Database,
  ) {}

  /**
   * Null: there is no such environment.
   * @throws DatabaseUnavailable
   */
  async keyOf(environmentId: string): Promise<string | null> {
    const replica = this.feed.replica(environmentId);
    if (replica !== undefined) return replica.environment.key;
    const row = await this.database.read((manager) =>
      manager
        .createQueryBuilder()
        .select('environment.key', 'key')
        .from('environment', 'environment')
        .where('environment.id = :environmentId', { environmentId })
        .getRawOne<{ key: string }>(),
    );
    return row?.key ?? null;
  }
}
