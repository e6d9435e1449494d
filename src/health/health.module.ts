import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.js';
import { SyncModule } from '../sync/sync.module.js';
import { HealthController } from './health.controller.js';
import { Lifecycle } from './lifecycle.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [ChangesModule, SyncModule],
  controllers: [HealthController, MetricsController],
  providers: [Lifecycle, Readiness, Metrics],
  exports: [Lifecycle],
})
export class HealthModule {}
