import { Injectable } from '@nestjs/common';
import { type ConnectionsAnswer, type PropagationAnswer } from '@flagwire/protocol/admin';
import { ChangeHistory } from '../changes/change-history.js';
import { InvalidInput, NotFound } from '../common/errors.js';
import { Database } from '../database/database.js';
import { type Environment } from '../projects/environment.entity.js';
import { Projects } from '../projects/projects.js';
import { connections, propagation } from './merge.js';
import { ReceiptRows } from './receipt-rows.js';

/** What all nodes together know of an environment's clients. */
@Injectable()
export class PropagationReads {
  constructor(
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly history: ChangeHistory,
    private readonly rows: ReceiptRows,
  ) {}

  /**
   * How far a revision has come.
   * @throws InvalidInput for what is no revision, NotFound for one that is not there (any more, or yet), DatabaseUnavailable
   */
  async propagation(projectKey: string, key: string, text: string): Promise<PropagationAnswer> {
    const revision = Number(text);
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(revision)) {
      throw new InvalidInput([{ path: 'revision', message: 'must be a whole number from 0' }]);
    }
    const { id } = await this.environment(projectKey, key);
    const asked = await this.history.revision(id, revision);
    if (asked === null) throw new NotFound('revision', text);
    return propagation(asked, await this.rows.board(id));
  }

  async connections(projectKey: string, key: string): Promise<ConnectionsAnswer> {
    const { id } = await this.environment(projectKey, key);
    return connections(await this.rows.board(id));
  }

  private environment(projectKey: string, key: string): Promise<Environment> {
    return this.database.read(async (manager) => {
      return this.projects.environment(manager, await this.projects.find(manager, projectKey), key);
    });
  }
}
