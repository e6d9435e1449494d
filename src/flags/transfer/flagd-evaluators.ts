import { isPlainObject, VALUE_LIMITS } from '../rules/json-shape.js';
import { checkJsonShape } from '../rules/flag-rules.js';
import { at, type Mistake, type MistakeList, quote } from '../rules/mistake.js';

/** Rules that stand inside each other by their names. */
const MOST_NESTED = 8;
/** What all targeting of a document may come to, in values: as much as the largest document has by itself. */
const MOST_VALUES = 2 ** 20;

/** The rules that a flagd document gives a name under `$evaluators`. Targeting here has none: they go to where they are named. */
export class FlagdEvaluators {
  private values = 0;

  /** @param mistakes gets what is wrong with the rules themselves. */
  constructor(
    private readonly rules: Readonly<Record<string, unknown>>,
    mistakes: MistakeList,
  ) {
    const usable: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const name of Object.keys(rules)) {
      const found = checkJsonShape(rules[name], VALUE_LIMITS, at('$evaluators', name));
      for (const { path, message } of found) mistakes.add(path, message);
      usable[name] = found.length === 0 ? rules[name] : {};
    }
    this.rules = usable;
  }

  /** The targeting with each `{"$ref": name}` replaced by the rule of that name; as it came, where there is a mistake. */
  inline(targeting: Record<string, unknown>, path: string): { targeting: unknown; mistakes: readonly Mistake[] } {
    const mistakes: Mistake[] = checkJsonShape(targeting, VALUE_LIMITS, path);
    if (mistakes.length > 0) return { targeting, mistakes };
    const inlined = this.expand(targeting, path, [], mistakes);
    return { targeting: mistakes.length > 0 ? targeting : inlined, mistakes };
  }

  /** @param open the names of the rules that we are in. */
  private expand(value: unknown, path: string, open: readonly string[], mistakes: Mistake[]): unknown {
    // Beyond the first mistake nothing is made, so that nothing grows.
    if (typeof value !== 'object' || value === null || mistakes.length > 0) return value;
    if ((this.values += 1) > MOST_VALUES) {
      const bound = `more than ${MOST_VALUES} values with the rules of $evaluators put in`;
      mistakes.push({ path, message: `is where the document comes to ${bound}: send fewer flags at once` });
      return value;
    }
    if (Array.isArray(value)) return value.map((item: unknown, index) => this.expand(item, at(path, index), open, mistakes));
    if (!isPlainObject(value)) return value;
    if (Object.hasOwn(value, '$ref')) return this.referred(value, path, open, mistakes);
    const entries = Object.entries(value).map(([key, item]) => [key, this.expand(item, at(path, key), open, mistakes)] as const);
    return Object.fromEntries(entries);
  }

  private referred(value: Record<string, unknown>, path: string, open: readonly string[], mistakes: Mistake[]): unknown {
    const name = value['$ref'];
    const wrong = this.wrongReference(name, Object.keys(value).length, open);
    if (wrong === null) return this.expand(this.rules[name as string], path, [...open, name as string], mistakes);
    mistakes.push({ path: at(path, '$ref'), message: wrong });
    return value;
  }

  private wrongReference(name: unknown, keys: number, open: readonly string[]): string | null {
    if (typeof name !== 'string' || keys !== 1) return 'must be the name of one of $evaluators, and stand alone in its object';
    if (!Object.hasOwn(this.rules, name)) return `names no rule: $evaluators has no ${quote(name)}`;
    if (open.includes(name)) return `leads back to itself: ${[...open, name].map(quote).join(' → ')}`;
    return open.length < MOST_NESTED ? null : `stands in more than ${MOST_NESTED} rules inside each other`;
  }
}
