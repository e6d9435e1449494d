import { FLAG_STATUSES, type FlagStatus } from '@flagwire/protocol/sync';
import { oneOf } from '../../projects/requests/checks.js';
import { OptionalField } from '../../projects/requests/field.decorator.js';
import { DefaultVariant, Targeting } from './flag.fields.js';

/** What a flag is set to in one environment; what is absent stays as it is. */
export class FlagSettingsRequest {
  @OptionalField(oneOf(FLAG_STATUSES), { enum: FLAG_STATUSES })
  status?: FlagStatus;

  /** In a new flag, absent means that the environment inherits the flag's own. */
  @DefaultVariant()
  default_variant?: string | null;

  @Targeting()
  targeting?: Record<string, unknown> | null;
}
