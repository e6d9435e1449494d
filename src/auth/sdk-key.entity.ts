import { type KeyKind } from '@flagwire/protocol/admin';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../database/columns.js';

/** A key of one environment. Of the secret only its hash is kept. Times are RFC 3339. */
@Entity('sdk_key')
export class SdkKey {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ name: 'environment_id', type: 'text' })
  environmentId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  kind!: KeyKind;

  /** The part of the key that finds this row. */
  @Column({ type: 'text' })
  selector!: string;

  /** SHA-256, hex. */
  @Column({ name: 'secret_hash', type: 'text' })
  secretHash!: string;

  @Column({ name: 'allowed_origins', ...jsonColumn })
  allowedOrigins!: string[];

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
