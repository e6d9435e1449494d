import { type ChangeEntry, type ChangeRecord, type ChangeSetAnswer } from '@flagwire/protocol/admin';
import { applyFlagEvent, type FlagDefinition, type FlagEvent, flagIdOf, formatCursor } from '@flagwire/protocol/sync';
import { ApiProperty } from '@nestjs/swagger';
import { type Appended } from '../changes/change-log.js';
import { type FlagChange } from '../changes/change-set.js';
import { type Change } from '../changes/change.entity.js';
import { FlagDefinitionAnswer } from './flag.answer.js';

const EVENT_TYPES = ['FlagCreated', 'FlagUpdated', 'FlagDeleted', 'FlagStatusChanged'] satisfies FlagEvent['type'][];

/** One flag's part of a change set. */
export class ChangeEntryAnswer implements ChangeEntry {
  @ApiProperty({ type: String })
  flag!: string;

  @ApiProperty({ enum: EVENT_TYPES })
  type!: FlagEvent['type'];

  @ApiProperty({ type: FlagDefinitionAnswer, nullable: true, description: 'Null: the flag was not there.' })
  before!: FlagDefinition | null;

  @ApiProperty({ type: FlagDefinitionAnswer, nullable: true, description: 'Null: the flag is gone.' })
  after!: FlagDefinition | null;
}

/** One change set in the audit trail. */
export class ChangeRecordAnswer implements ChangeRecord {
  @ApiProperty({ type: 'integer' })
  revision!: number;

  @ApiProperty({ type: String })
  cursor!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiProperty({ type: String })
  actor!: string;

  @ApiProperty({ type: String, nullable: true })
  comment!: string | null;

  @ApiProperty({ type: [ChangeEntryAnswer] })
  changes!: ChangeEntryAnswer[];
}

/** What a change set made; the present cursor and no changes where nothing differed. */
export class ChangeSetAnswerBody implements ChangeSetAnswer {
  @ApiProperty({ type: String })
  cursor!: string;

  @ApiProperty({ type: 'integer' })
  revision!: number;

  @ApiProperty({ type: [ChangeEntryAnswer] })
  changes!: ChangeEntryAnswer[];
}

export function changeEntry({ event, before, after }: Pick<FlagChange, 'event' | 'before' | 'after'>): ChangeEntry {
  return { flag: flagIdOf(event), type: event.type, before, after };
}

/** What an append did, as change sets answer. */
export function changeSetAnswer({ cursor, changes }: Appended): ChangeSetAnswer {
  return { cursor: formatCursor(cursor), revision: cursor.revision, changes: changes.map(changeEntry) };
}

/** A row of the log as the audit trail shows it; what came after each event follows from what was before. */
export function changeRecord(change: Change): ChangeRecord {
  const { revision, createdAt, actor, comment } = change;
  const changes = change.events.map((event, index) => {
    const before = change.before[index] ?? null;
    return changeEntry({ event, before, after: applyFlagEvent(before, event) });
  });
  return { revision, cursor: formatCursor(change), time: createdAt, actor, comment, changes };
}
