import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { ChangesModule } from '../../changes/changes.module.js';
import { FlagdController } from './flagd.controller.js';
import { FlagdDocuments } from './flagd-documents.js';

/** An environment as flagd's providers and flagd itself read it. */
@Module({
  imports: [ChangesModule, AuthModule],
  controllers: [FlagdController],
  providers: [FlagdDocuments],
})
export class FlagdModule {}
