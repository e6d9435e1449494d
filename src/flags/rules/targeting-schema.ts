import { Ajv } from 'ajv';
import { at, type Mistake } from './mistake.js';
import { flagdTargetingSchema } from './schemas/flagd-targeting.schema.js';

// Not strict: the published schema has tuples without a length, which strict mode complains about.
const validate = new Ajv({ strict: false, logger: false }).compile(flagdTargetingSchema);

function pathOf(pointer: string, root: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce((path, step) => at(path, /^\d+$/.test(step) ? Number(step) : step), root);
}

/**
 * One mistake where flagd's own schema refuses the targeting, at the deepest place that it complains about.
 * Only for values whose depth was checked: the compiled schema is recursive.
 */
export function schemaMistake(targeting: unknown, path: string): Mistake | null {
  if (validate(targeting)) return null;
  const errors = validate.errors ?? [];
  const deepest = errors.reduce((a, b) => (b.instancePath.split('/').length > a.split('/').length ? b.instancePath : a), '');
  const reasons = errors.filter((error) => error.instancePath === deepest).map((error) => error.message ?? error.keyword);
  return {
    path: pathOf(deepest, path),
    message: `is not valid by flagd's targeting schema: ${[...new Set(reasons)].slice(0, 3).join(', or ')}`,
  };
}
