import { key, line } from './checks.js';
import { Field, OptionalField } from './field.decorator.js';

const LONGEST_NAME = 256;

/** A new project or environment. */
export class CreateNamedRequest {
  @Field(key, {
    type: String,
    pattern: '^[a-z][a-z0-9-]{0,62}$',
    example: 'staging',
    description: 'Stands in paths; never changes.',
  })
  key!: string;

  @Field(line(LONGEST_NAME), { type: String, minLength: 1, maxLength: LONGEST_NAME, example: 'Staging' })
  name!: string;
}

/** What can change of a project or an environment. */
export class RenameRequest {
  @OptionalField(line(LONGEST_NAME), { type: String, minLength: 1, maxLength: LONGEST_NAME })
  name?: string;
}
