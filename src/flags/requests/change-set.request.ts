import { ApiProperty } from '@nestjs/swagger';
import { type Check, integer, lines, orNull } from '../../projects/requests/checks.js';
import { Field, OptionalField } from '../../projects/requests/field.decorator.js';
import { FlagSettingsRequest } from './flag-settings.request.js';

const MOST_CHANGES = 1000;

const flagId: Check = (value) => (typeof value === 'string' ? null : 'must be the id of a flag');
const entries: Check = (value) =>
  Array.isArray(value) && value.length >= 1 && value.length <= MOST_CHANGES
    ? null
    : `must be a list of 1 to ${MOST_CHANGES} changes`;

/** One flag's part of a change set. */
export class ChangeRequest extends FlagSettingsRequest {
  @Field(flagId, { type: String })
  flag!: string;

  @OptionalField(integer(1, Number.MAX_SAFE_INTEGER), {
    type: 'integer',
    description: 'The version that the change was made for; another one present refuses the whole set (412).',
  })
  version?: number;
}

/** Changes of flags in one environment: one revision, all or nothing. */
export class ChangeSetRequest {
  @OptionalField(orNull(lines(4096)), { type: String, nullable: true, description: 'Stands in the audit trail. At most 4 KiB.' })
  comment?: string | null;

  @Field(entries)
  @ApiProperty({ type: [ChangeRequest], minItems: 1, maxItems: MOST_CHANGES })
  changes!: unknown[];
}
