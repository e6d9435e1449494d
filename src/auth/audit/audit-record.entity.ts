import { type AuditAction } from '@flagwire/protocol/admin';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn, jsonColumn } from '../../database/columns.js';

/** Something that was done to anything but a flag. It outlives what it tells of. */
@Entity('audit_record')
export class AuditRecordRow {
  /** Dense, in the order of commits. */
  @PrimaryColumn(bigintColumn)
  sequence!: number;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;

  @Column({ type: 'text' })
  action!: AuditAction;

  /** The key or id of what it was done to. */
  @Column({ type: 'text' })
  target!: string;

  /** Tells a project from a later one of the same key. */
  @Column({ name: 'project_id', type: 'text', nullable: true })
  projectId!: string | null;

  /** Null: the whole server. */
  @Column({ name: 'project_key', type: 'text', nullable: true })
  projectKey!: string | null;

  @Column({ name: 'environment_key', type: 'text', nullable: true })
  environmentKey!: string | null;

  @Column({ type: 'text' })
  actor!: string;

  @Column({ name: 'actor_id', type: 'text' })
  actorId!: string;

  @Column({ type: 'text', nullable: true })
  address!: string | null;

  @Column({ name: 'request_id', type: 'text', nullable: true })
  requestId!: string | null;

  /** Never a secret. */
  @Column(jsonColumn)
  details!: Record<string, unknown>;
}
