import { type FlagStatus, type JsonObject } from '@flagwire/protocol/sync';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../database/columns.js';

/** What a flag is set to in one environment. Where there is no row, `UNSET` holds. */
@Entity('flag_setting')
export class FlagSetting {
  @PrimaryColumn({ name: 'flag_id', type: 'text' })
  flagId!: string;

  @PrimaryColumn({ name: 'environment_id', type: 'text' })
  environmentId!: string;

  @Column({ type: 'text' })
  status!: FlagStatus;

  /** Null: the default in the code. Means nothing where the flag's own default is inherited. */
  @Column({ name: 'default_variant', type: 'text', nullable: true })
  defaultVariant!: string | null;

  @Column({ name: 'inherits_default_variant', type: 'boolean' })
  inheritsDefaultVariant!: boolean;

  @Column(jsonColumn)
  targeting!: JsonObject;
}
