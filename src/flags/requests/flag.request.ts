import { VALUE_TYPES, type ValueType } from '@flagwire/protocol/sync';
import { getSchemaPath } from '@nestjs/swagger';
import { type Check, object, oneOf } from '../../projects/requests/checks.js';
import { Field, OptionalField, RefusedField } from '../../projects/requests/field.decorator.js';
import { FlagSettingsRequest } from './flag-settings.request.js';
import {
  Critical,
  DefaultVariant,
  Description,
  Name,
  OptionalName,
  OptionalVariants,
  Owner,
  Tags,
  Variants,
} from './flag.fields.js';

const id: Check = (value) => (typeof value === 'string' ? null : 'must be a string');

/** A new flag. */
export class CreateFlagRequest {
  @Field(id, { type: String, example: 'checkout.new-flow', description: '1 to 128 of a-z A-Z 0-9 . _ -; unique for ever.' })
  id!: string;

  @Name()
  name!: string;

  @Description()
  description?: string | null;

  @Field(oneOf(VALUE_TYPES), { enum: VALUE_TYPES, description: 'Never changes.' })
  value_type!: ValueType;

  @Variants()
  variants!: Record<string, unknown>;

  @DefaultVariant()
  default_variant?: string | null;

  @Tags()
  tags?: string[] | null;

  @Owner()
  owner?: string | null;

  @Critical()
  critical?: boolean | null;

  @OptionalField(object, {
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(FlagSettingsRequest) },
    description: 'Settings by the key of the environment. The flag is disabled, without targeting, where none are given.',
  })
  environments?: Record<string, unknown>;
}

/** What changes of a flag in all environments. Each field is replaced whole, null clears. */
export class EditFlagRequest {
  @OptionalName()
  name?: string;

  @Description()
  description?: string | null;

  @RefusedField('never changes: archive the flag and make another one')
  value_type?: never;

  @OptionalVariants()
  variants?: Record<string, unknown>;

  @DefaultVariant()
  default_variant?: string | null;

  @Tags()
  tags?: string[] | null;

  @Owner()
  owner?: string | null;

  @Critical()
  critical?: boolean | null;
}
