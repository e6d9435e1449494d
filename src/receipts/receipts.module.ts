import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { LedgerModule } from './ledger.module.js';
import { PropagationController } from './propagation.controller.js';
import { PropagationReads } from './propagation-reads.js';
import { Receipt } from './receipt.entity.js';
import { ReceiptRows } from './receipt-rows.js';
import { ReceiptWriter } from './receipt-writer.js';

/** "Did it arrive?": what nodes write for each other, and the routes that add it up. */
@Module({
  imports: [TypeOrmModule.forFeature([Receipt]), LedgerModule, AuthModule, ChangesModule, ProjectsModule],
  controllers: [PropagationController],
  providers: [PropagationReads, ReceiptRows, ReceiptWriter],
  exports: [ReceiptWriter],
})
export class ReceiptsModule {}
