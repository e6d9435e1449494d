import { type EvaluationContext } from '@openfeature/server-sdk';
import { httpRequest } from '../../support/http-request.js';
import { type FlagDefinition } from '../../support/wire-types.js';
import { BareFlagd, flagdDocument } from './bare-flagd.js';
import { type Decision, type OpenDoor, type Site } from './door.js';
import { doors } from './doors.js';

export interface Disagreement {
  readonly door: string;
  readonly said: Decision;
  readonly due: Decision;
  readonly flag: FlagDefinition;
  readonly context: EvaluationContext;
}

/** The doors of one environment, and flagd's own library beside them. */
export class Agreement {
  private constructor(
    private readonly open: ReadonlyMap<string, OpenDoor>,
    private readonly flagd: BareFlagd,
    /** By the document that the server gives flagd, run as flagd's provider for JavaScript runs it. */
    private readonly served: BareFlagd,
    private readonly needsKey: (flagId: string) => boolean,
  ) {}

  /** @param flags all of the environment. @param needsKey whether one is split by the targeting key. */
  static async open(site: Site, flags: readonly FlagDefinition[], needsKey: (flagId: string) => boolean): Promise<Agreement> {
    const headers = { Authorization: `Bearer ${site.serverKey}` };
    const served = (await httpRequest(`${site.url}/flagd/v1/flags`, { headers })).text;
    const open = await Promise.all([...doors].map(async ([name, door]) => [name, await door(site)] as const));
    const flagd = new BareFlagd(flagdDocument(flags), 'interpreted');
    return new Agreement(new Map(open), flagd, new BareFlagd(served, 'compiled'), needsKey);
  }

  /** What every door has to say, in its words. */
  due({ id }: FlagDefinition, context: EvaluationContext): Decision {
    return this.flagd.decide(id, context, this.needsKey(id));
  }

  /** Asks all doors. */
  async disagreements(flag: FlagDefinition, context: EvaluationContext): Promise<Disagreement[]> {
    const decision = this.due(flag, context);
    const bare = this.served.decide(flag.id, context, false);
    const provided = this.served.decide(flag.id, context, this.needsKey(flag.id));
    const found = [{ door: 'flagd by the served document, compiled,', said: provided, due: decision }];
    const asked = [...this.open].map(async ([name, door]) => {
      found.push({ door: name, said: await door.decide(flag, context), due: door.inItsWords?.(decision, bare) ?? decision });
    });
    await Promise.all(asked);
    return found.filter(({ said, due }) => !isSame(said, due)).map((one) => ({ ...one, flag, context }));
  }

  /** The one with the shortest rule and context, without the attributes that it also shows without. */
  async smallest(all: readonly Disagreement[]): Promise<Disagreement | undefined> {
    let [least] = [...all].sort((one, other) => sizeOf(one) - sizeOf(other));
    for (const name of Object.keys(least?.context ?? {})) {
      if (least === undefined) break;
      const { door, flag, context } = least;
      const { [name]: _, ...rest } = context;
      least = (await this.disagreements(flag, rest)).find((other) => other.door === door) ?? least;
    }
    return least;
  }

  close(): Promise<unknown> {
    return Promise.all([...this.open.values()].map((door) => door.close()));
  }
}

function isSame(one: Decision, other: Decision): boolean {
  return one.variant === other.variant && one.reason === other.reason && one.error === other.error;
}

function sizeOf({ flag, context }: Disagreement): number {
  return JSON.stringify([flag.targeting, context]).length;
}
