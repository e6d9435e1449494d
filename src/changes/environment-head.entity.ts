import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn } from '../database/columns.js';

/** Where an environment's log stands. Locking this row is what puts its writers in order. */
@Entity('environment_head')
export class EnvironmentHead {
  @PrimaryColumn({ name: 'environment_id', type: 'text' })
  environmentId!: string;

  /** New when the environment's history is replaced. */
  @Column({ type: 'text' })
  epoch!: string;

  @Column(bigintColumn)
  revision!: number;

  /** The mark of `revision`. */
  @Column({ type: 'text' })
  mark!: string;

  /** Whole seconds, one later than the revision before at least; RFC 3339. */
  @Column({ name: 'http_date', type: 'text' })
  httpDate!: string;

  /** The mark and date of revision 0, which has no row in the log. */
  @Column({ name: 'origin_mark', type: 'text' })
  originMark!: string;

  @Column({ name: 'origin_http_date', type: 'text' })
  originHttpDate!: string;

  /** Grows whenever a key of this environment changes, by a random step: equal numbers mean equal keys. */
  @Column({ name: 'key_revision', ...bigintColumn })
  keyRevision!: number;
}
