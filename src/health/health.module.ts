import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.js';
import { EvaluationModule } from '../evaluation/evaluation.module.js';
import { LedgerModule } from '../receipts/ledger.module.js';
import { ReceiptsModule } from '../receipts/receipts.module.js';
import { SyncModule } from '../sync/sync.module.js';
import { DeliverySpans } from './delivery-spans.js';
import { EvaluationMetrics } from './evaluation.metrics.js';
import { FeedMetrics } from './feed.metrics.js';
import { HealthController } from './health.controller.js';
import { HttpMetrics } from './http.metrics.js';
import { WorkersModule } from '../workers/workers.module.js';
import { Lifecycle } from './lifecycle.js';
import { Metrics } from './metrics.js';
import { SyncMetrics } from './sync.metrics.js';
import { MetricsController } from './metrics.controller.js';
import { ReceiptMetrics } from './receipt.metrics.js';
import { Readiness } from './readiness.js';
import { ServerVersion } from './server-version.js';

@Module({
  imports: [ChangesModule, SyncModule, EvaluationModule, LedgerModule, ReceiptsModule, WorkersModule],
  controllers: [HealthController, MetricsController],
  providers: [
    Lifecycle,
    Readiness,
    ServerVersion,
    Metrics,
    FeedMetrics,
    HttpMetrics,
    SyncMetrics,
    EvaluationMetrics,
    ReceiptMetrics,
    DeliverySpans,
  ],
  exports: [Lifecycle, HttpMetrics],
})
export class HealthModule {}
