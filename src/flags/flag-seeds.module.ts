import { Global, Module } from '@nestjs/common';
import { EnvironmentSeeds } from '../projects/environment-seeds.js';
import { FlagSeeds } from './flag-seeds.js';

/**
 * Gives projects what a new environment starts with. Global, and apart from FlagsModule, because flags import projects:
 * a module that both sides imported from each other would be a circle.
 */
@Global()
@Module({
  providers: [{ provide: EnvironmentSeeds, useClass: FlagSeeds }],
  exports: [EnvironmentSeeds],
})
export class FlagSeedsModule {}
