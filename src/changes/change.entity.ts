import { type FlagDefinition, type FlagEvent } from '@flagwire/protocol/sync';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn, jsonColumn } from '../database/columns.js';

/** One committed change set: a row of the log, and of the audit trail. */
@Entity('change')
export class Change {
  @PrimaryColumn({ name: 'environment_id', type: 'text' })
  environmentId!: string;

  @PrimaryColumn(bigintColumn)
  revision!: number;

  @Column({ type: 'text' })
  epoch!: string;

  @Column({ type: 'text' })
  mark!: string;

  @Column({ name: 'http_date', type: 'text' })
  httpDate!: string;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;

  /** Who: the name of a token, never a secret. */
  @Column({ type: 'text' })
  actor!: string;

  @Column({ type: 'text', nullable: true })
  comment!: string | null;

  /** The trace of whoever made the change (W3C Trace Context); null where there was none. */
  @Column({ type: 'text', nullable: true })
  traceparent!: string | null;

  /** Just before the commit, by the database's clock, microseconds; null in rows older than the column. */
  @Column({ name: 'logged_at', ...bigintColumn, nullable: true })
  loggedAt!: number | null;

  @Column(jsonColumn)
  events!: FlagEvent[];

  /** The definition before each event, in the order of `events`. What came after follows from both. */
  @Column(jsonColumn)
  before!: (FlagDefinition | null)[];
}
