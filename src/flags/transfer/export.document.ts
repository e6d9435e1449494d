import { ApiProperty } from '@nestjs/swagger';
import { CreateFlagRequest } from '../requests/flag.request.js';
import { boolean, type Check, object, oneOf } from '../../projects/requests/checks.js';
import { Field, OptionalField } from '../../projects/requests/field.decorator.js';

/** A flag of a document: as `POST …/flags` takes it, archived ones too. */
export class ExportedFlag extends CreateFlagRequest {
  @OptionalField(boolean, { type: Boolean, default: false })
  archived?: boolean;
}

export class ExportedName {
  @ApiProperty({ type: String })
  key!: string;

  @ApiProperty({ type: String })
  name!: string;
}

const versionOne: Check = (value) => (value === 1 ? null : 'must be 1: this server knows no other version of the format');
const listOf =
  (what: string): Check =>
  (value) =>
    Array.isArray(value) ? null : `must be a list of ${what}`;

/** A whole project; each entry is checked by itself. */
export class ExportDocument {
  @Field(oneOf(['flagwire']), { enum: ['flagwire'] })
  format!: 'flagwire';

  @Field(versionOne, { enum: [1], type: 'integer' })
  version!: 1;

  @OptionalField(object, { type: ExportedName, description: 'Where it comes from. An import does not look at it.' })
  project?: ExportedName;

  @OptionalField(listOf('environments'))
  @ApiProperty({ type: [ExportedName], required: false })
  environments?: ExportedName[];

  @Field(listOf('flags'))
  @ApiProperty({ type: [ExportedFlag], description: 'By id, archived ones too.' })
  flags!: ExportedFlag[];
}
