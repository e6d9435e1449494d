import { type Role } from '@flagwire/protocol/admin';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../database/columns.js';

/** A credential of the admin API. Of the secret only its hash is kept. Times are RFC 3339. */
@Entity('admin_token')
export class AdminToken {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** Who: stands in the audit trail. */
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  role!: Role;

  /** Null: the whole server. */
  @Column({ name: 'project_id', type: 'text', nullable: true })
  projectId!: string | null;

  /** Keys of environments of the project; null: all of them. */
  @Column({ ...jsonColumn, nullable: true })
  environments!: string[] | null;

  @Column({ type: 'text' })
  selector!: string;

  /** SHA-256, hex. */
  @Column({ name: 'secret_hash', type: 'text' })
  secretHash!: string;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;

  @Column({ name: 'expires_at', type: 'text', nullable: true })
  expiresAt!: string | null;

  /** Roughly: written at most once a minute, and lost where a node dies first. */
  @Column({ name: 'last_used_at', type: 'text', nullable: true })
  lastUsedAt!: string | null;

  @Column({ name: 'revoked_at', type: 'text', nullable: true })
  revokedAt!: string | null;
}
