import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { WorkersModule } from '../workers/workers.module.js';
import { AuditController } from './audit.controller.js';
import { WriteReplies } from './answers/write-replies.js';
import { EnvironmentEdits } from './environment-edits.js';
import { EnvironmentReads } from './environment-reads.js';
import { EnvironmentRecords } from './environment-records.js';
import { Environment } from './environment.entity.js';
import { EnvironmentsController } from './environments.controller.js';
import { ProjectEdits } from './project-edits.js';
import { Project } from './project.entity.js';
import { ProjectsController } from './projects.controller.js';
import { Projects } from './projects.js';
import { SdkKeysController } from './sdk-keys.controller.js';
import { TokensController } from './tokens.controller.js';

/**
 * Projects and environments, and the routes of their keys and of tokens. Needs an `EnvironmentSeeds`, which a global module
 * of whoever knows what is in an environment provides.
 */
@Module({
  imports: [TypeOrmModule.forFeature([Project, Environment]), AuthModule, ChangesModule, WorkersModule],
  controllers: [ProjectsController, EnvironmentsController, SdkKeysController, TokensController, AuditController],
  providers: [Projects, ProjectEdits, EnvironmentReads, EnvironmentRecords, EnvironmentEdits, WriteReplies],
  exports: [Projects, ProjectEdits, EnvironmentRecords, WriteReplies],
})
export class ProjectsModule {}
