import { Ajv } from 'ajv';
import { flagdFlagsSchema } from '../../src/flags/rules/schemas/flagd-flags.schema.js';
import { flagdTargetingSchema } from '../../src/flags/rules/schemas/flagd-targeting.schema.js';

// Not strict: the published schema has tuples without a length, which strict mode complains about.
const ajv = new Ajv({ strict: false, logger: false, allErrors: true }).addSchema([flagdTargetingSchema, flagdFlagsSchema]);

/** What flagd's own schema has against the document of flags; empty: nothing. */
export function flagdSchemaErrors(document: unknown): unknown[] {
  const validate = ajv.getSchema('https://flagd.dev/schema/v0/flags.json');
  if (validate === undefined) throw new TypeError('The schema of flagd documents is missing');
  return validate(document) ? [] : (validate.errors ?? []);
}
