import { Injectable } from '@nestjs/common';
import { Conflict } from '../common/errors.js';
import { Limits } from '../common/limits.js';
import { Flag } from './flag.entity.js';
import { type FlagWrite } from './flag-writes.js';

/** How many flags a project may have. */
@Injectable()
export class FlagQuota {
  constructor(private readonly limits: Limits) {}

  /** @throws Conflict where there are more than any project may have. */
  refuse(flags: number): void {
    const { maxFlags } = this.limits;
    if (flags <= maxFlags) return;
    const message = `The project would have ${flags} flags, archived ones too, and FLAGWIRE_MAX_FLAGS allows ${maxFlags}`;
    throw new Conflict('too_many_flags', message);
  }

  /**
   * Counted under the lock of the project. Archived ones, too: they stay in the database, and their ids stay taken.
   * @throws Conflict where there is no room for so many more.
   */
  async refuseMore({ manager, project }: FlagWrite, more: number): Promise<void> {
    if (more > 0) this.refuse((await manager.countBy(Flag, { projectId: project.id })) + more);
  }
}
