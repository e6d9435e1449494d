import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminAnswer, type AdminClient } from '../support/admin-client.js';
import { type SeededRandom } from '../support/random.js';

const STATUSES = ['enabled', 'disabled', 'deprecated'] as const;
const VARIANTS = ['on', 'off', null] as const;
const ENVIRONMENT = '/api/projects/default/environments/production';

/** What a writer saw. */
export interface Written {
  /** Of every answer that covers the environment; answers that changed nothing give the present one. */
  cursors: string[];
  /** Answers by status; `lost`: the connection broke before one came. */
  outcomes: Record<string, number>;
}

/** One program that changes flags over REST: edits, change sets, and requests that have to be refused whole. */
export class RestWriter {
  readonly written: Written = { cursors: [], outcomes: {} };

  constructor(
    private readonly server: { readonly admin: Pick<AdminClient, 'request'> },
    private readonly flags: readonly string[],
    private readonly random: SeededRandom,
    /** The longest rest between two requests, in milliseconds. */
    private readonly restMs = 4,
  ) {}

  /** Writes as long as `goesOn` says so. */
  async run(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      await this.one();
      await sleep(this.random.int(0, this.restMs));
    }
  }

  async one(): Promise<void> {
    let outcome = 'lost';
    try {
      const answer = await this.#request();
      outcome = String(answer.status);
      const cursor = answer.cursors['production'];
      if (cursor !== undefined) this.written.cursors.push(cursor);
    } catch {
      await sleep(20); // the server is down
    }
    this.written.outcomes[outcome] = (this.written.outcomes[outcome] ?? 0) + 1;
  }

  #request(): Promise<AdminAnswer> {
    const { random } = this;
    const path = `/api/projects/default/flags/${random.pick(this.flags)}/environments/production`;
    const kind = random.int(1, 20);
    if (kind === 1) return this.server.admin.request('PATCH', path, this.#edit(), { 'If-Match': '"999999"' });
    if (kind === 2) return this.server.admin.request('PATCH', path, { ...this.#edit(), default_variant: 'no-such-variant' });
    if (kind <= 6) return this.server.admin.request('POST', `${ENVIRONMENT}/change-sets`, { changes: this.#changes(kind === 3) });
    return this.server.admin.request('PATCH', path, this.#edit());
  }

  /** @param spoilt the last change of the set cannot be made, so none may be. */
  #changes(spoilt: boolean): object[] {
    const chosen = this.random.shuffle(this.flags).slice(0, this.random.int(2, 5));
    const changes: object[] = chosen.map((flag) => ({ flag, ...this.#edit() }));
    return spoilt ? [...changes, { flag: 'no-such-flag', status: 'enabled' }] : changes;
  }

  #edit(): object {
    const { random } = this;
    return {
      status: random.pick(STATUSES),
      default_variant: random.pick(VARIANTS),
      targeting: { if: [{ '==': [{ var: 'n' }, random.int(0, 1_000_000)] }, 'on', 'off'] },
    };
  }
}
