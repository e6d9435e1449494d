import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { Pulse } from './pulse.js';
import { ReconnectAdvice } from './reconnect-advice.js';
import { StreamController } from './stream.controller.js';
import { SyncHub } from './sync-hub.js';

/** Streams: the hub, its sessions, and the doors to them. */
@Module({
  imports: [ChangesModule, AuthModule],
  controllers: [StreamController],
  providers: [SyncHub, Pulse, ReconnectAdvice],
  exports: [SyncHub],
})
export class SyncModule {}
