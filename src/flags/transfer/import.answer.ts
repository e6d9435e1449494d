import { type ImportCounts, type ImportedEnvironment, type ImportReport } from '@flagwire/protocol/admin';
import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { ChangeEntryAnswer } from '../change.answer.js';
import { type ImportRequest } from './import.request.js';

/**
 * Characters of JSON that an answer spends on changes: those of 20,000 flags in three environments are 80 MB, which nobody reads, and
 * which would be kept for a day for an Idempotency-Key.
 */
const CHANGES_LENGTH = 512 * 1024;

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
export class ImportedEnvironmentAnswer implements ImportedEnvironment {
  @ApiProperty({ type: String, nullable: true, description: 'Null: the environment is one that a dry run would make.' })
  cursor!: string | null;

  @ApiProperty({ type: 'integer' })
  revision!: number;

  @ApiProperty({ type: [ChangeEntryAnswer], description: 'The first ones, as far as they fit into half a mebibyte.' })
  changes!: ChangeEntryAnswer[];

  @ApiProperty({ type: 'integer', description: 'How many changes there are; the audit trail has all that were made.' })
  changes_total!: number;
}

/** What an import made, or would make. */
@ApiExtraModels(ImportedEnvironmentAnswer)
export class ImportAnswer implements ImportReport {
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
    description: 'With the fields below: of the environment that was named, or the only one there is.',
  })
  cursor?: string | null;

  @ApiProperty({ type: 'integer', required: false })
  revision?: number;

  @ApiProperty({ type: [ChangeEntryAnswer], required: false })
  changes?: ChangeEntryAnswer[];

  @ApiProperty({ type: 'integer', required: false })
  changes_total?: number;
}

/** What an import made in one environment, all of it. */
export type ImportedChanges = Omit<ImportedEnvironmentAnswer, 'changes_total'>;

/** What an import made. */
export interface Imported {
  readonly counts: ImportCounts;
  /** Environments of the document that the project lacked. */
  readonly lacking: readonly { readonly key: string; readonly name: string }[];
  readonly environments: ReadonlyMap<string, ImportedChanges>;
}

export function importAnswer({ environment, dry_run }: ImportRequest, { counts, lacking, ...made }: Imported): ImportAnswer {
  const environments = listed(made.environments);
  const [only] = environment === undefined && environments.size === 1 ? environments.keys() : [environment];
  return {
    ...(only !== undefined && environments.get(only)),
    dry_run: dry_run === 'true',
    flags: counts,
    environments_created: lacking.map(({ key }) => key),
    environments: Object.fromEntries(environments),
  };
}

/** With as many changes as there is room for. */
function listed(environments: Imported['environments']): Map<string, ImportedEnvironmentAnswer> {
  let room = CHANGES_LENGTH;
  const answers = new Map<string, ImportedEnvironmentAnswer>();
  for (const [key, made] of environments) {
    const end = made.changes.findIndex((change) => (room -= JSON.stringify(change).length) < 0);
    const changes = end === -1 ? made.changes : made.changes.slice(0, end);
    answers.set(key, { ...made, changes, changes_total: made.changes.length });
  }
  return answers;
}
