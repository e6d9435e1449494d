import { Injectable } from '@nestjs/common';
import { type EntityManager, IsNull } from 'typeorm';
import { type FlagContent } from '../changes/change-set.js';
import { EnvironmentSeeds } from '../projects/environment-seeds.js';
import { Flag } from './flag.entity.js';
import { toWire, UNSET } from './setting.js';

/** A new environment starts with every flag of the project that is not archived, disabled. */
@Injectable()
export class FlagSeeds extends EnvironmentSeeds {
  async contents(manager: EntityManager, projectId: string): Promise<ReadonlyMap<string, FlagContent>> {
    const flags = await manager.find(Flag, { where: { projectId, archivedAt: IsNull() }, order: { key: 'ASC' } });
    return new Map(flags.map((flag) => [flag.key, toWire(flag, UNSET)]));
  }
}
