import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { ChangeEntryAnswer } from '../change.answer.js';
import { type ImportCounts } from './import-plan.js';
import { type ImportRequest } from './import.request.js';

const count = { type: 'integer' } as const;

export class ImportCountsAnswer implements ImportCounts {
  @ApiProperty(count)
  created!: number;

  @ApiProperty(count)
  updated!: number;

  @ApiProperty(count)
  restored!: number;

  @ApiProperty(count)
  archived!: number;

  @ApiProperty(count)
  unchanged!: number;
}

/** What an import made in one environment. */
export class ImportedEnvironmentAnswer {
  @ApiProperty({ type: String, nullable: true, description: 'Null: the environment is one that a dry run would make.' })
  cursor!: string | null;

  @ApiProperty({ type: 'integer' })
  revision!: number;

  @ApiProperty({ type: [ChangeEntryAnswer] })
  changes!: ChangeEntryAnswer[];
}

/** What an import made, or would make. */
@ApiExtraModels(ImportedEnvironmentAnswer)
export class ImportAnswer implements Partial<ImportedEnvironmentAnswer> {
  @ApiProperty({ type: Boolean, description: 'True: nothing was written, and the cursors are the present ones.' })
  dry_run!: boolean;

  @ApiProperty({ type: ImportCountsAnswer })
  flags!: ImportCountsAnswer;

  @ApiProperty({ type: [String], description: 'Keys of the environments that were made.' })
  environments_created!: string[];

  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(ImportedEnvironmentAnswer) },
    description: 'Every environment of the project, by its key.',
  })
  environments!: Record<string, ImportedEnvironmentAnswer>;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    description: 'With `revision` and `changes`: of the environment that was named, or the only one there is.',
  })
  cursor?: string | null;

  @ApiProperty({ type: 'integer', required: false })
  revision?: number;

  @ApiProperty({ type: [ChangeEntryAnswer], required: false })
  changes?: ChangeEntryAnswer[];
}

/** What an import made. */
export interface Imported {
  readonly counts: ImportCounts;
  /** Environments of the document that the project lacked. */
  readonly lacking: readonly { readonly key: string; readonly name: string }[];
  readonly environments: ReadonlyMap<string, ImportedEnvironmentAnswer>;
}

export function importAnswer({ environment, dry_run }: ImportRequest, { counts, lacking, environments }: Imported): ImportAnswer {
  const [only] = environment === undefined && environments.size === 1 ? environments.keys() : [environment];
  return {
    ...(only !== undefined && environments.get(only)),
    dry_run: dry_run === 'true',
    flags: counts,
    environments_created: lacking.map(({ key }) => key),
    environments: Object.fromEntries(environments),
  };
}
