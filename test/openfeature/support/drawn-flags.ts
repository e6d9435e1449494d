import { type SeededRandom } from '../../support/random.js';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** A flag in flagd's form, and whether it is split by the targeting key. */
export interface DrawnFlag {
  readonly state: 'ENABLED' | 'DISABLED';
  readonly variants: Record<string, Json>;
  readonly defaultVariant: string | null;
  readonly targeting: Json;
  readonly needsKey: boolean;
}

const VALUES: readonly Record<string, Json>[] = [
  { on: true, off: false },
  { red: 'r', green: 'g', blue: 'b' },
  { few: 1, some: 2.5, many: 1e9 },
  { a: { list: [1] }, b: {}, c: { deep: { er: null } }, d: { text: 'ü' } },
];
export const PLANS = ['free', 'pro', 'enterprise', ''];
export const VERSIONS = ['1.0.0', '1.2.3', '2.0.0-beta.1', '2.0.0', '10.4.0'];
const DAYS = ['2026-01-01', '2026-06-15T12:00:00.000Z', '2027'];

/** One that the server takes. Its rule decides for variants, by every operator that flagd has of its own and the usual ones of JSONLogic. */
export function drawFlag(random: SeededRandom): DrawnFlag {
  const variants = random.pick(VALUES);
  const names = Object.keys(variants);
  const rules = new RuleMaker(random, names);
  return {
    state: random.chance(0.95) ? 'ENABLED' : 'DISABLED',
    variants,
    defaultVariant: random.chance(0.8) ? random.pick(names) : null,
    targeting: random.chance(0.92) ? rules.rule() : {},
    needsKey: rules.needsKey,
  };
}

class RuleMaker {
  needsKey = false;

  constructor(
    private readonly random: SeededRandom,
    private readonly names: readonly string[],
  ) {}

  rule(): Json {
    const { random } = this;
    if (random.chance(0.35)) return this.split(2);
    const branches = Array.from({ length: random.int(1, 3) }, () => [this.condition(2), this.result(2)]).flat();
    return { if: random.chance(0.7) ? [...branches, this.result(2)] : branches };
  }

  /** What may be decided for: a variant, null for the default, or a rule. */
  private result(depth: number): Json {
    const { random } = this;
    if (depth > 0 && random.chance(0.3)) return this.split(depth - 1);
    if (depth > 0 && random.chance(0.2))
      return { if: [this.condition(depth - 1), this.result(depth - 1), this.result(depth - 1)] };
    return random.chance(0.15) ? null : random.pick(this.names);
  }

  private split(depth: number): Json {
    const { random } = this;
    const by: Json[] = random.pick([
      ...[[], [], [{ var: 'email' }], [{ var: 'user.id' }]],
      // With a default: see agreement.spec.ts.
      [{ cat: [{ var: '$flagd.flagKey' }, { var: ['email', ''] }] }],
    ]);
    if (by.length === 0) this.needsKey = true;
    const buckets = Array.from({ length: random.int(1, 5) }, (): Json => {
      if (random.chance(0.15)) return [random.pick(this.names)];
      const weight: Json = random.chance(0.1) ? { '*': [{ var: 'age' }, 2] } : random.pick([0, 1, 10, 33, 50, 100, 1_000_000]);
      return [this.result(depth), weight];
    });
    return { fractional: [...by, ...buckets] };
  }

  private condition(depth: number): Json {
    const { random } = this;
    if (depth > 0 && random.chance(0.3)) {
      const parts = [this.condition(depth - 1), this.condition(depth - 1)];
      return random.pick<Json>([{ and: parts }, { or: parts }, { '!': [parts[0] as Json] }]);
    }
    const email = { var: random.pick(['email', 'targetingKey']) };
    return random.pick<() => Json>([
      () => ({ [random.pick(['==', '!=', '===', '!=='])]: [{ var: 'plan' }, random.pick(PLANS)] }),
      () => ({ [random.pick(['<', '<=', '>', '>='])]: [{ var: 'age' }, random.int(0, 80)] }),
      () => ({ '==': [{ '%': [{ var: 'age' }, random.int(0, 3)] }, 0] }),
      () => ({ in: [{ var: ['plan', 'free'] }, random.shuffle(PLANS).slice(0, 2)] }),
      () => ({ in: [random.pick(['beta', 'staff']), { var: 'user.groups' }] }),
      () => ({ starts_with: [email, random.text(1)] }),
      () => ({ ends_with: [email, random.pick(['.com', '.example', '7'])] }),
      () => ({ sem_ver: [{ var: 'version' }, random.pick(['=', '!=', '<', '<=', '>', '>=', '^', '~']), random.pick(VERSIONS)] }),
      () => ({ [random.pick(['<', '>='])]: [{ var: 'since' }, random.pick(DAYS)] }),
      () => ({ '!': [{ missing: random.shuffle(['email', 'plan', 'age', 'user.id']).slice(0, 2) }] }),
      () => ({ some: [{ var: 'user.groups' }, { '==': [{ var: '' }, random.pick(['beta', 'staff'])] }] }),
      () => ({ '!!': [{ var: 'active' }] }),
    ])();
  }
}
