import { type Role, ROLES } from '@flagwire/protocol/admin';
import { key, line, list, oneOf, orNull, time } from './checks.js';
import { Field, OptionalField } from './field.decorator.js';

/** A new admin token. */
export class CreateTokenRequest {
  @Field(line(200), { type: String, minLength: 1, maxLength: 200, description: 'Stands as the actor in the audit trail.' })
  name!: string;

  @Field(oneOf(ROLES), { enum: ROLES })
  role!: Role;

  @OptionalField(orNull(key), {
    type: String,
    nullable: true,
    description: 'Key of the only project it opens; absent or null: all.',
  })
  project?: string | null;

  @OptionalField(orNull(list(key, 100)), {
    type: [String],
    nullable: true,
    description: 'Keys of the only environments of `project` that it opens; absent or null: all.',
  })
  environments?: string[] | null;

  @OptionalField(orNull(time), { type: String, format: 'date-time', nullable: true, description: 'Absent or null: never.' })
  expires_at?: string | null;
}
