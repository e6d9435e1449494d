import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ChangesModule } from '../../changes/changes.module.js';
import { SyncModule } from '../../sync/sync.module.js';
import { FlagSyncService } from './flag-sync.service.js';
import { FlagdController } from './flagd.controller.js';
import { FlagdDocuments } from './flagd-documents.js';
import { FlagdGate } from './flagd-gate.js';
import { FlagdServer } from './flagd.server.js';
import { FlagdStreams } from './flagd-streams.js';

/** An environment as flagd's providers and flagd itself read it: over HTTP, and over gRPC where that has a port. */
@Module({
  imports: [ChangesModule, AuthModule, SyncModule],
  controllers: [FlagdController],
  providers: [FlagdDocuments, FlagdGate, FlagdStreams, FlagSyncService, FlagdServer],
})
export class FlagdModule {}
