import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The answer to a request, sealed with what only whoever made the request knows. */
@Entity('idempotent_answer')
export class IdempotentAnswer {
  /** Derived from the credential and the Idempotency-Key; says nothing of either. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** RFC 3339. */
  @Column({ name: 'expires_at', type: 'text' })
  expiresAt!: string;

  /** What `Seal` made of the fingerprint and the answer. */
  @Column({ type: 'text' })
  sealed!: string;
}
