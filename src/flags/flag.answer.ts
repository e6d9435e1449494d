import { type FlagSetting, type ProjectFlag } from '@flagwire/protocol/admin';
import {
  FLAG_STATUSES,
  type FlagDefinition,
  type FlagMetadata,
  type FlagStatus,
  type Json,
  type JsonObject,
  VALUE_TYPES,
  type ValueType,
} from '@flagwire/protocol/sync';
import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { type Flag } from './flag.entity.js';
import { type Setting } from './setting.js';

const moment = { type: String, format: 'date-time' } as const;
const anyObject = { type: 'object', additionalProperties: true } as const;

/** A flag's settings in one environment. */
export class FlagSettingAnswer implements FlagSetting {
  @ApiProperty({ enum: FLAG_STATUSES })
  status!: FlagStatus;

  @ApiProperty({
    type: String,
    nullable: true,
    required: false,
    description: 'Absent: the flag’s own; null: the default in the code.',
  })
  default_variant?: string | null;

  @ApiProperty(anyObject)
  targeting!: JsonObject;

  @ApiProperty({ type: 'integer', description: 'Of the definition in this environment.' })
  version!: number;
}

/** What is the same of a flag and of its definition in an environment. */
class FlagFields {
  @ApiProperty({ type: String })
  id!: string;

  @ApiProperty({ type: String })
  name!: string;

  @ApiProperty({ type: String })
  description!: string;

  @ApiProperty({ enum: VALUE_TYPES })
  value_type!: ValueType;

  @ApiProperty({ ...anyObject, example: { on: true, off: false } })
  variants!: Record<string, Json>;

  @ApiProperty({ type: String, nullable: true, description: 'Null: the default in the code.' })
  default_variant!: string | null;
}

/** A flag of a project, with its settings in the environments that the token opens. */
@ApiExtraModels(FlagSettingAnswer)
export class FlagAnswer extends FlagFields implements ProjectFlag {
  @ApiProperty({ type: [String] })
  tags!: string[];

  @ApiProperty({ type: String, nullable: true })
  owner!: string | null;

  @ApiProperty({ type: Boolean })
  critical!: boolean;

  @ApiProperty({ type: 'integer', description: 'Of the flag itself: the ETag. Settings have versions of their own.' })
  version!: number;

  @ApiProperty(moment)
  created_at!: string;

  @ApiProperty(moment)
  updated_at!: string;

  @ApiProperty({ ...moment, nullable: true, description: 'Null: not archived.' })
  archived_at!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { $ref: getSchemaPath(FlagSettingAnswer) } })
  environments!: Record<string, FlagSettingAnswer>;
}

class FlagMetadataAnswer implements FlagMetadata {
  @ApiProperty({ type: 'integer', description: '+1 for each change of this flag in this environment: the ETag.' })
  version!: number;

  @ApiProperty(moment)
  created_at!: string;

  @ApiProperty(moment)
  updated_at!: string;

  @ApiProperty({ type: [String] })
  tags!: string[];

  @ApiProperty({ type: String, nullable: true })
  owner!: string | null;

  @ApiProperty({ type: Boolean })
  critical!: boolean;
}

/** A flag as one environment's clients see it. */
export class FlagDefinitionAnswer extends FlagFields implements FlagDefinition {
  @ApiProperty({ enum: FLAG_STATUSES })
  status!: FlagStatus;

  @ApiProperty(anyObject)
  targeting!: JsonObject;

  @ApiProperty({ type: FlagMetadataAnswer })
  metadata!: FlagMetadataAnswer;
}

/** @param environments settings, and versions of the definitions, by the key of the environment. */
export function flagAnswer(flag: Flag, environments: ReadonlyMap<string, { setting: Setting; version: number }>): FlagAnswer {
  const settings = [...environments].map(([key, { setting, version }]) => [key, settingAnswer(setting, version)] as const);
  return {
    id: flag.key,
    name: flag.name,
    description: flag.description,
    value_type: flag.valueType,
    variants: flag.variants,
    default_variant: flag.defaultVariant,
    tags: flag.tags,
    owner: flag.owner,
    critical: flag.critical,
    version: flag.version,
    created_at: flag.createdAt,
    updated_at: flag.updatedAt,
    archived_at: flag.archivedAt,
    environments: Object.fromEntries(settings),
  };
}

function settingAnswer(setting: Setting, version: number): FlagSettingAnswer {
  const { status, inheritsDefaultVariant, defaultVariant, targeting } = setting;
  return { status, ...(!inheritsDefaultVariant && { default_variant: defaultVariant }), targeting, version };
}
