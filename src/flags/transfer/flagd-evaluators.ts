import { inTurns } from '../../common/batches.js';
import { isPlainObject, MOST_VALUES, VALUE_LIMITS } from '../rules/json-shape.js';
import { checkJsonShape } from '../rules/flag-rules.js';
import { at, type Mistake, type MistakeList, quote } from '../rules/mistake.js';

/** Rules that stand inside each other by their names. */
const MOST_NESTED = 8;
/** What all targeting of a document may come to, in values: as much as the largest document has by itself. */
const MOST_OF_ALL = 2 ** 20;

/** The rules that a flagd document gives a name under `$evaluators`. Targeting here has none: they go to where they are named. */
export class FlagdEvaluators {
  private values = 0;
  /** Of `values`, for the targeting that is being made. */
  private bound = 0;

  private constructor(private readonly rules: Readonly<Record<string, unknown>>) {}

  /** @param mistakes gets what is wrong with the rules themselves. */
  static async read(rules: Readonly<Record<string, unknown>>, mistakes: MistakeList): Promise<FlagdEvaluators> {
    const usable: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for await (const name of inTurns(Object.keys(rules))) {
      const found = checkJsonShape(rules[name], VALUE_LIMITS, at('$evaluators', name));
      for (const { path, message } of found) mistakes.add(path, message);
      usable[name] = found.length === 0 ? rules[name] : {};
    }
    return new FlagdEvaluators(usable);
  }

  /** The targeting with each `{"$ref": name}` replaced by the rule of that name; as it came, where there is a mistake. */
  inline(targeting: Record<string, unknown>, path: string): { targeting: unknown; mistakes: readonly Mistake[] } {
    const mistakes: Mistake[] = checkJsonShape(targeting, VALUE_LIMITS, path);
    if (mistakes.length > 0) return { targeting, mistakes };
    this.bound = Math.min(MOST_OF_ALL, this.values + MOST_VALUES);
    const inlined = this.expand(targeting, path, [], mistakes);
    return { targeting: mistakes.length > 0 ? targeting : inlined, mistakes };
  }

  /** @param open the names of the rules that we are in. */
  private expand(value: unknown, path: string, open: readonly string[], mistakes: Mistake[]): unknown {
    // Beyond the first mistake nothing is made, so that nothing grows.
    if (mistakes.length > 0) return value;
    if ((this.values += 1) > this.bound) {
      mistakes.push({ path, message: this.excess() });
      return value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: unknown, index) => this.expand(item, at(path, index), open, mistakes));
    if (!isPlainObject(value)) return value;
    if (Object.hasOwn(value, '$ref')) return this.referred(value, path, open, mistakes);
    const entries = Object.entries(value).map(([key, item]) => [key, this.expand(item, at(path, key), open, mistakes)] as const);
    return Object.fromEntries(entries);
  }

  private excess(): string {
    const rules = 'values with the rules of $evaluators put in';
    return this.bound === MOST_OF_ALL
      ? `is where the document comes to more than ${MOST_OF_ALL} ${rules}: send fewer flags at once`
      : `is where the targeting comes to more than ${MOST_VALUES} ${rules}: more than any targeting may have`;
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
