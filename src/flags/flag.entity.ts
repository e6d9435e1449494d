import { type Json, type ValueType } from '@flagwire/protocol/sync';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { integerColumn, jsonColumn } from '../database/columns.js';

/** A flag of a project: what it is in every environment. */
@Entity('flag')
export class Flag {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ name: 'project_id', type: 'text' })
  projectId!: string;

  /** What the wire calls the flag's id; unique in the project, for ever. */
  @Column({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  description!: string;

  /** Never changes. */
  @Column({ name: 'value_type', type: 'text' })
  valueType!: ValueType;

  @Column(jsonColumn)
  variants!: Record<string, Json>;

  /** Null: the default in the code. */
  @Column({ name: 'default_variant', type: 'text', nullable: true })
  defaultVariant!: string | null;

  @Column(jsonColumn)
  tags!: string[];

  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'boolean' })
  critical!: boolean;

  /** +1 for each change of the flag itself; its settings and versions in the environments are not counted here. */
  @Column(integerColumn)
  version!: number;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;

  @Column({ name: 'updated_at', type: 'text' })
  updatedAt!: string;

  @Column({ name: 'archived_at', type: 'text', nullable: true })
  archivedAt!: string | null;
}
