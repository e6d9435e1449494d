import { type EntityManager } from 'typeorm';
import { content, type OwnWriter } from './own-writer.js';

/** Parents first. */
const TABLES = ['flag', 'flag_setting', 'environment_head', 'change', 'flag_state', 'sdk_key'];

/** A back-up of what an environment is made of, kept in tables beside those of the server, and put back under it. */
export class SavedHistory {
  private constructor(private readonly writer: OwnWriter) {}

  static async save(writer: OwnWriter): Promise<SavedHistory> {
    await writer.write(async (manager) => {
      for (const table of TABLES) {
        await manager.query(`DROP TABLE IF EXISTS saved_${table}`);
        await manager.query(`CREATE TABLE saved_${table} AS SELECT * FROM "${table}"`);
      }
    });
    return new SavedHistory(writer);
  }

  /** Puts it back, in the caller's transaction: the node sees nothing of what happens in between. */
  async putBack(manager: EntityManager): Promise<void> {
    for (const table of [...TABLES].reverse()) await manager.query(`DELETE FROM "${table}"`);
    for (const table of TABLES) await manager.query(`INSERT INTO "${table}" SELECT * FROM saved_${table}`);
  }

  /** Puts it back and makes revisions that the old history had too, with other content. */
  async putBackAndGoOn(revisions: number): Promise<void> {
    await this.writer.write(async (manager) => {
      await this.putBack(manager);
      for (let made = 0; made < revisions; made += 1) {
        await this.writer.append(manager, [content('second-life', `revision ${made} after the restoration`)]);
      }
    });
  }

  /** The environment's history is replaced: the flags of the back-up, in an epoch of their own, at revision 0. */
  async replaceHistory(epoch: string, mark: string): Promise<void> {
    await this.writer.write(async (manager) => {
      await this.putBack(manager);
      const { environmentId } = this.writer;
      await manager.query(`DELETE FROM "change" WHERE environment_id = $1`, [environmentId]);
      await manager.query(
        `UPDATE environment_head SET epoch = $1, revision = 0, mark = $2, origin_mark = $3 WHERE environment_id = $4`,
        [epoch, mark, mark, environmentId],
      );
    });
  }
}
