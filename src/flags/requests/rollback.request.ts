import { integer } from '../../projects/requests/checks.js';
import { Field } from '../../projects/requests/field.decorator.js';

/** Which revision's settings are to be put back. */
export class RollbackRequest {
  @Field(integer(0, Number.MAX_SAFE_INTEGER), {
    type: 'integer',
    minimum: 0,
    description: 'A revision of the environment’s log, 0 for its beginning.',
  })
  to_revision!: number;
}
