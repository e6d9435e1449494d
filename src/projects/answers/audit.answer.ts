import { AUDIT_ACTIONS, type AuditAction, type AuditRecord } from '@flagwire/protocol/admin';
import { ApiProperty } from '@nestjs/swagger';

const textOrNull = (description: string) => ({ type: String, nullable: true, description });

/** One action in the audit trail. */
export class AuditRecordAnswer implements AuditRecord {
  @ApiProperty({ type: 'integer', description: '1, 2, 3, … in the order of commits, without gaps.' })
  id!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiProperty({ enum: AUDIT_ACTIONS })
  action!: AuditAction;

  @ApiProperty({ type: String, description: 'Key of the project or environment, or id of the SDK key or token.' })
  target!: string;

  @ApiProperty(textOrNull('Key of the project, which may be deleted by now; null: the whole server.'))
  project!: string | null;

  @ApiProperty(textOrNull('Key of the environment, where it concerns one.'))
  environment!: string | null;

  @ApiProperty({ type: String, description: 'Name of the admin token. Names may repeat.' })
  actor!: string;

  @ApiProperty({ type: String, description: 'Id of the admin token; `environment` for FLAGWIRE_ADMIN_TOKEN.' })
  actor_id!: string;

  @ApiProperty(textOrNull('Of the client; null for what the first start made.'))
  address!: string | null;

  @ApiProperty(textOrNull('As the answer had it in X-Request-Id.'))
  request_id!: string | null;

  @ApiProperty({ type: Object, description: 'By action: names before and after, kinds, times. Never a secret.' })
  details!: Record<string, unknown>;
}
