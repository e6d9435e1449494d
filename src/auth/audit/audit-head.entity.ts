import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn } from '../../database/columns.js';

/** How far the audit trail has got. One row; whoever writes to the trail locks it. */
@Entity('audit_head')
export class AuditHead {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column(bigintColumn)
  sequence!: number;
}
