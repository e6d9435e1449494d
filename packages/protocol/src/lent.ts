/** What nobody has sent, and JavaScript finds all the same behind a text, a number, a truth value or a list. `length` is their own. */
const LENT: ReadonlySet<string> = new Set(
  [String, Number, Boolean, Array]
    .flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype))
    .filter((name) => name !== 'length'),
);

/** A path of a rule, in steps, each of which has to be somebody's own. */
export type OwnPath = readonly string[];

/**
 * The paths by which a rule could find what nobody has sent, such as `email.trim.name`. A `var` that ends at a method is nothing, for
 * the library; `missing` takes a method for something.
 * @param targeting JSONLogic. Most rules have none of these.
 */
export function pathsToLent(targeting: unknown): readonly OwnPath[] {
  if (typeof targeting !== 'object' || targeting === null) return [];
  if (Array.isArray(targeting)) return targeting.flatMap(pathsToLent);
  return Object.entries(targeting).flatMap(([operator, operands]) => {
    const list: unknown[] = Array.isArray(operands) ? operands.flat() : [operands];
    const paths = list.filter((path) => typeof path === 'string').map(stepsOf);
    const read =
      operator === 'var' ? paths.slice(0, 1).map((path) => path.slice(0, -1)) : operator.startsWith('missing') ? paths : [];
    return [...read.filter((path) => path.some((step) => LENT.has(step))), ...pathsToLent(operands)];
  });
}

/** Without the way out of a list, and without what `reduce` calls its parts. */
function stepsOf(path: string): OwnPath {
  const steps = path.split(/[./\\]/).filter((step) => step !== '');
  return steps[0] === 'current' || steps[0] === 'accumulator' ? steps.slice(1) : steps;
}

/**
 * Whether one of the paths leads to what nobody has sent, from the context, or from an item of one of its lists, of which a rule may ask
 * one by one. May throw where reading the context does.
 */
export function findsLent(paths: readonly OwnPath[], context: unknown): boolean {
  return paths.length > 0 && [context, ...itemsIn(context)].some((start) => paths.some((path) => isLent(start, path)));
}

function isLent(start: unknown, path: OwnPath): boolean {
  let value = start;
  for (const step of path) {
    if (value === null || value === undefined) return false;
    const holder = Object(value) as Record<string, unknown>;
    if (!Object.hasOwn(holder, step)) return step in holder;
    value = holder[step];
  }
  return false;
}

/** A context may hold itself. */
function itemsIn(context: unknown): readonly unknown[] {
  const [items, seen, open]: [unknown[], Set<unknown>, unknown[]] = [[], new Set(), [context]];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const inner: unknown[] = Object.values(value);
    if (Array.isArray(value)) items.push(...inner);
    open.push(...inner.filter((one) => one !== undefined));
  }
  return items;
}
