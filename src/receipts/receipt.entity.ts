import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn, jsonColumn } from '../database/columns.js';
import { type Count, type Stray } from './row.js';

/** What one run of a node knows of the clients of one environment; written anew each second, on PostgreSQL alone. */
@Entity('receipt')
export class Receipt {
  /** Drawn at the start of the process. */
  @PrimaryColumn({ type: 'text' })
  node!: string;

  /** Empty: of the node itself, which says that it is there. */
  @PrimaryColumn({ name: 'environment_id', type: 'text' })
  environmentId!: string;

  /** What people call the node. */
  @Column({ type: 'text' })
  name!: string;

  /** By the database's clock, microseconds. */
  @Column({ name: 'written_at', ...bigintColumn })
  writtenAt!: number;

  @Column(jsonColumn)
  body!: Count | NodeBody;
}

/** Of the node itself. */
export interface NodeBody {
  strays: Stray[];
}
