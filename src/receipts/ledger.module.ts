import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { AckController } from './ack.controller.js';
import { Ledger } from './ledger.js';

/** What transports tell of their clients, and the door at which clients of streams acknowledge. */
@Module({
  imports: [ChangesModule, AuthModule],
  controllers: [AckController],
  providers: [Ledger],
  exports: [Ledger],
})
export class LedgerModule {}
