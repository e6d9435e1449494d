import { key, oneOf } from '../../projects/requests/checks.js';
import { OptionalField } from '../../projects/requests/field.decorator.js';

export const IMPORT_FORMATS = ['flagwire', 'flagd'] as const;
export const IMPORT_MODES = ['merge', 'replace'] as const;

/** The query of an import. */
export class ImportRequest {
  @OptionalField(oneOf(IMPORT_FORMATS), { enum: IMPORT_FORMATS, default: 'flagwire' })
  format?: (typeof IMPORT_FORMATS)[number];

  @OptionalField(key, { type: String, description: 'Of a flagd document, and needed there: the environment that it tells of.' })
  environment?: string;

  @OptionalField(oneOf(IMPORT_MODES), {
    enum: IMPORT_MODES,
    default: 'merge',
    description: '`replace` archives the flags that the document lacks.',
  })
  mode?: (typeof IMPORT_MODES)[number];

  @OptionalField(oneOf(['true', 'false']), {
    type: Boolean,
    default: false,
    description: 'Says what would change, and writes nothing. The cursors are the present ones.',
  })
  dry_run?: string;
}
