import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { projectRoot } from '../../support/project-root.js';

interface Schema {
  [key: string]: unknown;
}

interface Document {
  components: { schemas: Record<string, Schema> };
}

/**
 * The document as the tests read it (docs/adr/0100 has the reasons):
 * a flag without a value is one that has none, or it would match everything beside the typed ones;
 * the types of values are alternatives of which several may hold, since each integer is a number, too;
 * DEFAULT is a reason, as it is in OpenFeature and in flagd.
 */
function corrected(document: Document): Document {
  const { schemas } = document.components;
  const { codeDefaultFlag, evaluationSuccess } = schemas;
  if (codeDefaultFlag === undefined || evaluationSuccess === undefined) throw new TypeError('OFREP has other schemas by now');
  codeDefaultFlag['not'] = { required: ['value'] };
  const [fields, types] = evaluationSuccess['allOf'] as [{ properties: { reason: { enum: string[] } } }, Schema];
  fields.properties.reason.enum.push('DEFAULT');
  types['anyOf'] = types['oneOf'];
  delete types['oneOf'];
  return document;
}

export type OfrepSchema =
  | 'serverEvaluationSuccess'
  | 'bulkEvaluationSuccess'
  | 'evaluationFailure'
  | 'flagNotFound'
  | 'bulkEvaluationFailure'
  | 'sseEventData';

const text = readFileSync(join(projectRoot(), 'test/ofrep/schema/ofrep-openapi.yaml'), 'utf8');
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(corrected(parse(text) as Document), 'ofrep');

/** What is wrong with an answer by the document; empty: nothing. */
export function flawsBy(schema: OfrepSchema, answer: unknown): string[] {
  const validate = ajv.getSchema(`ofrep#/components/schemas/${schema}`);
  if (validate === undefined) throw new TypeError(`OFREP has no schema ${schema}`);
  if (validate(answer) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}
