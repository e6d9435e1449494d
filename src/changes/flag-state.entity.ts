import { type FlagDefinition } from '@flagwire/protocol/sync';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { integerColumn, jsonColumn } from '../database/columns.js';

/** A flag as its environment's clients see it at the head. A deleted one stays: its versions go on when it comes back. */
@Entity('flag_state')
export class FlagState {
  @PrimaryColumn({ name: 'environment_id', type: 'text' })
  environmentId!: string;

  @PrimaryColumn({ name: 'flag_id', type: 'text' })
  flagId!: string;

  @Column(integerColumn)
  version!: number;

  @Column({ name: 'updated_at', type: 'text' })
  updatedAt!: string;

  @Column({ type: 'boolean' })
  deleted!: boolean;

  @Column(jsonColumn)
  definition!: FlagDefinition;
}
