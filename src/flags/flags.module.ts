import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { ChangesController } from './changes.controller.js';
import { ChangeTrail } from './change-trail.js';
import { FirstStart } from './first-start.js';
import { Demonstration } from './demonstration.js';
import { FlagAnswers } from './flag-answers.js';
import { FlagCreation } from './flag-creation.js';
import { FlagEdits } from './flag-edits.js';
import { FlagQuota } from './flag-quota.js';
import { FlagReads } from './flag-reads.js';
import { FlagSeedsModule } from './flag-seeds.module.js';
import { FlagSetting } from './flag-setting.entity.js';
import { FlagSettingsController } from './flag-settings.controller.js';
import { FlagWrites } from './flag-writes.js';
import { Flag } from './flag.entity.js';
import { FlagsController } from './flags.controller.js';
import { Rollback } from './rollback.js';
import { ProjectImport } from './transfer/project-import.js';
import { ProjectExport } from './transfer/project-export.js';
import { TransferController } from './transfer/transfer.controller.js';
import { SettingEdits } from './setting-edits.js';

/** The write side: flags, their settings, change sets, and what a new database begins with. */
@Module({
  imports: [TypeOrmModule.forFeature([Flag, FlagSetting]), AuthModule, ChangesModule, ProjectsModule, FlagSeedsModule],
  controllers: [FlagsController, FlagSettingsController, ChangesController, TransferController],
  providers: [
    FlagReads,
    FlagAnswers,
    FlagWrites,
    FlagCreation,
    FlagQuota,
    FlagEdits,
    SettingEdits,
    Rollback,
    ProjectExport,
    ProjectImport,
    ChangeTrail,
    FirstStart,
    Demonstration,
  ],
  exports: [FirstStart],
})
export class FlagsModule {}
