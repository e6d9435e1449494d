import { isPlainObject } from './json-shape.js';
import { quote } from './mistake.js';
import { isForbiddenKey } from './reserved-names.js';
import { flagdTargetingSchema } from './schemas/flagd-targeting.schema.js';

/** How many arguments an operator takes. */
export interface Arity {
  least: number;
  most: number;
}

type SchemaNode = Record<string, unknown>;

function child(node: SchemaNode, key: string): SchemaNode {
  const value = node[key];
  if (!isPlainObject(value)) throw new TypeError(`flagd's targeting schema has no ${key}`);
  return value;
}

const definitions = child(flagdTargetingSchema, 'definitions');

function follow(node: SchemaNode): SchemaNode {
  const reference = node['$ref'];
  return typeof reference === 'string' ? child(definitions, reference.slice('#/definitions/'.length)) : node;
}

function nodesOf(list: unknown): SchemaNode[] {
  return Array.isArray(list) ? list.filter(isPlainObject) : [];
}

function arityOf(node: SchemaNode): Arity {
  // An operator with several forms (one without a list, or with one argument more) has its numbers in a list form.
  const forms = [...nodesOf(node['anyOf']), ...nodesOf(node['oneOf'])].map(follow);
  const list = [node, ...forms].find((one) => one['type'] === 'array') ?? {};
  const { minItems: least, maxItems: most } = list;
  return { least: typeof least === 'number' ? least : 0, most: typeof most === 'number' ? most : Infinity };
}

function readOperators(): Map<string, Arity> {
  const rules = nodesOf(child(definitions, 'anyRule')['anyOf']).map(follow);
  const operators = rules.flatMap((rule) => Object.entries(child(rule, 'properties')));
  return new Map(operators.map(([name, node]) => [name, arityOf(isPlainObject(node) ? follow(node) : {})]));
}

/** Every operator of flagd's targeting, read from its schema: no second list to keep in step. */
export const OPERATORS: ReadonlyMap<string, Arity> = readOperators();

const semVer = nodesOf(child(child(child(definitions, 'ruleSemVer'), 'properties'), 'sem_ver')['items']).map(
  (item) => item['enum'],
);
/** How `sem_ver` compares. */
export const COMPARISONS: readonly unknown[] = semVer.flatMap((values): unknown[] => (Array.isArray(values) ? values : []));
/** What `sem_ver` takes for a version. */
export const VERSION = new RegExp(String(child(definitions, 'semVerString')['pattern']), 'u');

/** What people write who come from JSONLogic, from older flagd documents or from JavaScript. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['?:', 'if'],
  ['=', '=='],
  ['&&', 'and'],
  ['||', 'or'],
  ['not', '!'],
  ['fractionalEvaluation', 'fractional'],
]);

function plainly(name: string): string {
  return name.toLowerCase().replaceAll(/[_\s-]/g, '');
}

// Once: a hostile body has thousands of operators that are to be named in an answer.
const PLAIN_NAMES = new Map([...OPERATORS.keys()].toReversed().map((name) => [plainly(name), name]));
const ALL_NAMES = [...OPERATORS.keys()].join(' ');

/** The keys of an operation: one, if it is right. Forbidden keys are left out: they are reported with the shape. */
export function operatorsOf(operation: Record<string, unknown>): string[] {
  return Object.keys(operation).filter((key) => !isForbiddenKey(key));
}

/** The sentence for an operator that flagd does not have. */
export function unknownOperator(name: string): string {
  const meant = OTHER_NAMES.get(name) ?? PLAIN_NAMES.get(plainly(name));
  if (meant !== undefined) return `unknown operator ${quote(name)}: write ${quote(meant)}`;
  return `unknown operator ${quote(name)}: use one of ${ALL_NAMES}`;
}

/** The sentence for arguments that are not as many as the operator takes; null where they are. */
export function wrongCount(name: string, { least, most }: Arity, count: number): string | null {
  if (count >= least && count <= most) return null;
  const wanted = least === most ? `exactly ${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  return `${quote(name)} takes ${wanted} argument${wanted.endsWith(' 1') ? '' : 's'}, here are ${count}`;
}
