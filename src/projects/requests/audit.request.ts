import { key } from './checks.js';
import { OptionalField } from './field.decorator.js';
import { digits } from './page.request.js';

/** The query of the audit trail. */
export class AuditRequest {
  @OptionalField(digits(1, 100), { type: 'integer', minimum: 1, maximum: 100, default: 50 })
  limit?: string;

  @OptionalField(digits(0, Number.MAX_SAFE_INTEGER), { type: 'integer', default: 0, description: 'The id to go on from.' })
  after?: string;

  @OptionalField(key, { type: String, description: 'Key of a project, also of one that is deleted.' })
  project?: string;
}
