import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { Database } from '../database/database.js';
import { Change } from './change.entity.js';

/** The log as the audit trail shows it: whole rows, oldest first. */
@Injectable()
export class ChangeHistory {
  constructor(private readonly database: Database) {}

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
}
