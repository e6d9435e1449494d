import { Module } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { ChangesModule } from './changes/changes.module.js';
import { CommonModule } from './common/common.module.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EvaluationModule } from './evaluation/evaluation.module.js';
import { FlagdModule } from './evaluation/flagd/flagd.module.js';
import { FlagsModule } from './flags/flags.module.js';
import { FrontModule } from './front/front.module.js';
import { HealthModule } from './health/health.module.js';
import { PollingModule } from './polling/polling.module.js';
import { ProjectsModule } from './projects/projects.module.js';
import { ReceiptsModule } from './receipts/receipts.module.js';
import { SyncModule } from './sync/sync.module.js';

/** Everything the server is made of. A team that extends it imports its own modules beside this one. */
@Module({
  imports: [
    ConfigModule,
    CommonModule,
    DatabaseModule,
    ChangesModule,
    // Routes are tried in this order: what clients ask comes before what people ask.
    SyncModule,
    PollingModule,
    EvaluationModule,
    FlagdModule,
    AuthModule,
    ProjectsModule,
    FlagsModule,
    ReceiptsModule,
    HealthModule,
    FrontModule,
  ],
})
export class AppModule {}
