import { FLAG_STATUSES, type FlagStatus } from '@flagwire/protocol/sync';
import { oneOf, searched } from '../../projects/requests/checks.js';
import { OptionalField } from '../../projects/requests/field.decorator.js';
import { digits, PageRequest } from '../../projects/requests/page.request.js';

/** The query of the list of flags; what is given narrows it. */
export class FlagListRequest extends PageRequest {
  @OptionalField(searched(256, 0), { type: String, description: 'Stands in the id, the name or the description, in any case.' })
  search?: string;

  @OptionalField(searched(64), { type: String })
  tag?: string;

  @OptionalField(oneOf(FLAG_STATUSES), { enum: FLAG_STATUSES, description: 'That the flag has in at least one environment.' })
  status?: FlagStatus;

  @OptionalField(oneOf(['true', 'false']), { type: Boolean, default: false, description: 'Archived flags, or the others.' })
  archived?: string;
}

/** The query of the audit trail. */
export class ChangesRequest {
  @OptionalField(digits(1, 100), { type: 'integer', minimum: 1, maximum: 100, default: 50 })
  limit?: string;

  @OptionalField(digits(0, Number.MAX_SAFE_INTEGER), { type: 'integer', default: 0, description: 'The revision to go on from.' })
  after?: string;
}
