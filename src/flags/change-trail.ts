import { Injectable } from '@nestjs/common';
import { type ChangeRecord, type Page } from '@flagwire/protocol/admin';
import { ChangeHistory } from '../changes/change-history.js';
import { Database } from '../database/database.js';
import { Projects } from '../projects/projects.js';
import { changeRecord } from './change.answer.js';

/** The audit trail of an environment's flags, which is its change log. */
@Injectable()
export class ChangeTrail {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly history: ChangeHistory,
  ) {}

  /** Up to `limit` change sets after a revision, oldest first. */
  async after(projectKey: string, key: string, revision: number, limit: number): Promise<Page<ChangeRecord>> {
    const { id } = await this.database.read(async (manager) => {
      return this.projects.environment(manager, await this.projects.find(manager, projectKey), key);
    });
    const { items, next } = await this.history.page(id, revision, limit);
    return { items: items.map(changeRecord), next: next === null ? null : String(next) };
  }
}
