import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChangesModule } from '../changes/changes.module.js';
import { CrossOrigin } from '../common/cross-origin.js';
import { AccessGuard } from './access.guard.js';
import { AdminGate } from './admin-gate.js';
import { AdminToken } from './admin-token.entity.js';
import { AdminTokens } from './admin-tokens.js';
import { AuditHead } from './audit/audit-head.entity.js';
import { AuditRecordRow } from './audit/audit-record.entity.js';
import { AuditCompaction } from './audit/audit-compaction.js';
import { AuditTrail } from './audit/audit-trail.js';
import { Cors } from './cors.js';
import { EnvironmentNames } from './environment-names.js';
import { IdempotentAnswer } from './idempotency/idempotent-answer.entity.js';
import { IdempotentAnswers } from './idempotency/idempotent-answers.js';
import { KeyRing } from './key-ring.js';
import { CredentialUsage } from './credential-usage.js';
import { SdkGate } from './sdk-gate.js';
import { SdkKey } from './sdk-key.entity.js';
import { SdkKeyVerifier } from './sdk-key-verifier.js';
import { SdkKeys } from './sdk-keys.js';
import { ServerSecret } from './server-secret.entity.js';
import { ServerSecrets } from './server-secrets.js';
import { StreamTokenVerifier } from './stream-token-verifier.js';
import { StreamTokens } from './stream-tokens.js';
import { TicketController } from './ticket.controller.js';
import { TicketQuota } from './ticket-quota.js';
import { Tickets } from './tickets.js';
import { WrongCredentials } from './wrong-credentials.js';

/** Who may do what. Importing it puts the guard in front of every route of the application. */
@Module({
  imports: [
    ChangesModule,
    TypeOrmModule.forFeature([SdkKey, AdminToken, ServerSecret, AuditHead, AuditRecordRow, IdempotentAnswer]),
  ],
  controllers: [TicketController],
  providers: [
    AuditCompaction,
    KeyRing,
    CredentialUsage,
    EnvironmentNames,
    SdkKeyVerifier,
    SdkKeys,
    SdkGate,
    AdminTokens,
    AdminGate,
    AuditTrail,
    IdempotentAnswers,
    ServerSecrets,
    StreamTokens,
    StreamTokenVerifier,
    Tickets,
    TicketQuota,
    WrongCredentials,
    Cors,
    { provide: CrossOrigin, useExisting: Cors },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [
    SdkKeyVerifier,
    KeyRing,
    SdkKeys,
    AdminTokens,
    AuditTrail,
    IdempotentAnswers,
    StreamTokens,
    Tickets,
    WrongCredentials,
    CrossOrigin,
  ],
})
export class AuthModule {}
