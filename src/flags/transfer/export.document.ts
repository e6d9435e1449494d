import { ApiProperty } from '@nestjs/swagger';
import { CreateFlagRequest } from '../requests/flag.request.js';
import { boolean } from '../../projects/requests/checks.js';
import { OptionalField } from '../../projects/requests/field.decorator.js';

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

/** A whole project. */
export class ExportDocument {
  @ApiProperty({ enum: ['flagwire'] })
  format!: 'flagwire';

  @ApiProperty({ enum: [1], type: 'integer' })
  version!: 1;

  @ApiProperty({ type: ExportedName })
  project!: ExportedName;

  @ApiProperty({ type: [ExportedName] })
  environments!: ExportedName[];

  @ApiProperty({ type: [ExportedFlag], description: 'By id, archived ones too.' })
  flags!: ExportedFlag[];
}
