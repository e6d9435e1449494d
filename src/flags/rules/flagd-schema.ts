import { type ValueType } from '@flagwire/protocol/sync';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { at, type Mistake } from './mistake.js';
import { flagdFlagsSchema } from './schemas/flagd-flags.schema.js';
import { flagdTargetingSchema } from './schemas/flagd-targeting.schema.js';

/**
 * The published schema tries each argument as a reference and as each of twelve rules, a number too, and makes an error for each of these:
 * a fifth of a second for 64 KiB. All of them are objects, and what is no object is primitive: so it is asked for that alone, by one type
 * of many, which makes no error. It lets through the same.
 */
function quickened(schema: Record<string, unknown>): Record<string, unknown> {
  const { anyRule, ...others } = schema['definitions'] as Record<string, object>;
  const primitive = { type: ['null', 'boolean', 'number', 'string', 'array'] };
  const isObject = { type: 'object' };
  const rules = { oneOf: [{ $ref: '#/definitions/reference' }, { $ref: '#/definitions/anyRule' }] };
  const definitions = {
    ...others,
    primitive,
    anyRule: { ...isObject, ...anyRule },
    args: { anyOf: [primitive, { ...isObject, ...rules }] },
  };
  return { ...schema, definitions };
}

// Not strict: the published schema has tuples without a length, which strict mode complains about.
const ajv = new Ajv({ strict: false, logger: false }).addSchema([quickened(flagdTargetingSchema), flagdFlagsSchema]);

function compiled(id: string): ValidateFunction {
  const validate = ajv.getSchema(id);
  if (validate === undefined) throw new TypeError(`flagd's schemas have no ${id}`);
  return validate;
}

const SCHEMAS = 'https://flagd.dev/schema/v0';
const validTargeting = compiled(`${SCHEMAS}/targeting.json`);
const validFlag: Record<ValueType, ValidateFunction> = {
  boolean: compiled(`${SCHEMAS}/flags.json#/definitions/booleanFlag`),
  string: compiled(`${SCHEMAS}/flags.json#/definitions/stringFlag`),
  number: compiled(`${SCHEMAS}/flags.json#/definitions/numberFlag`),
  object: compiled(`${SCHEMAS}/flags.json#/definitions/objectFlag`),
};

function pathOf(pointer: string, root: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce((path, step) => at(path, /^\d+$/.test(step) ? Number(step) : step), root);
}

/** One mistake for all that the schema says, at the deepest place that it complains about. */
function deepestMistake(errors: readonly ErrorObject[], path: string, schema: string): Mistake {
  const deepest = errors.reduce((a, b) => (b.instancePath.split('/').length > a.split('/').length ? b.instancePath : a), '');
  const reasons = errors.filter((error) => error.instancePath === deepest).map((error) => error.message ?? error.keyword);
  return {
    path: pathOf(deepest, path),
    message: `is not valid by flagd's ${schema} schema: ${[...new Set(reasons)].slice(0, 3).join(', or ')}`,
  };
}

/**
 * One mistake where flagd's own schema refuses the targeting.
 * Only for values whose depth was checked: the compiled schema is recursive.
 */
export function targetingMistake(targeting: unknown, path: string): Mistake | null {
  return validTargeting(targeting) ? null : deepestMistake(validTargeting.errors ?? [], path, 'targeting');
}

/** One mistake where flagd's own schema refuses a flag of this type with these variants. */
export function variantsMistake(valueType: ValueType, variants: Record<string, unknown>, path: string): Mistake | null {
  const validate = validFlag[valueType];
  if (validate({ state: 'ENABLED', variants })) return null;
  // The schema is asked about a whole flag: its places begin with the field.
  const errors = (validate.errors ?? []).map((error) => ({
    ...error,
    instancePath: error.instancePath.replace(/^\/variants/, ''),
  }));
  return deepestMistake(errors, path, 'flags');
}
