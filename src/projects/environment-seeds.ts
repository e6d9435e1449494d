import { type EntityManager } from 'typeorm';
import { type FlagContent } from '../changes/change-set.js';

/** Answers what a new environment starts with. Projects know no flags: whoever does provides this. */
export abstract class EnvironmentSeeds {
  /** By flag id. Called with the project's row locked for update. */
  abstract contents(manager: EntityManager, projectId: string): Promise<ReadonlyMap<string, FlagContent>>;
}
