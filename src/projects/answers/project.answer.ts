import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { ApiProperty } from '@nestjs/swagger';
import { type Environment } from '../environment.entity.js';
import { type Project } from '../project.entity.js';

/** A project as the admin API shows it. */
export class ProjectAnswer {
  @ApiProperty({ type: String, example: 'default' })
  key!: string;

  @ApiProperty({ type: String })
  name!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  created_at!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  updated_at!: string;
}

export function projectAnswer({ key, name, createdAt, updatedAt }: Project): ProjectAnswer {
  return { key, name, created_at: createdAt, updated_at: updatedAt };
}

/** An environment as the admin API shows it. */
export class EnvironmentAnswer extends ProjectAnswer {
  @ApiProperty({ type: String, description: 'New when the history of the environment is replaced.', example: 'k3x9q0ab' })
  epoch!: string;

  @ApiProperty({ type: 'integer', description: 'Change sets since the history began.' })
  revision!: number;

  @ApiProperty({ type: String, description: 'The present cursor.', example: 'k3x9q0ab.42.p7q1zd' })
  cursor!: string;
}

export function environmentAnswer({ environment, head }: { environment: Environment; head: Cursor }): EnvironmentAnswer {
  const { key, name, createdAt, updatedAt } = environment;
  const { epoch, revision } = head;
  return { key, name, epoch, revision, cursor: formatCursor(head), created_at: createdAt, updated_at: updatedAt };
}
