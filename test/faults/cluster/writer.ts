import { AdminClient, type AdminAnswer } from '../../support/admin-client.js';
import { type SeededRandom } from '../../support/random.js';
import { type Write } from './record.js';

/** Longer than a node waits for its database. */
const PATIENCE_MS = 3000;

/** The admin API of whichever node the dice say; writes down each answer that confirms a write. */
export class RoamingAdmin extends AdminClient {
  readonly writes: Write[] = [];
  /** Answers by status; `lost`: none came. */
  readonly outcomes: { [status: string]: number } = {};
  /** Answers that no fault explains. */
  readonly mistakes: string[] = [];
  private made = 0;

  constructor(
    private readonly urls: readonly string[],
    token: string,
    private readonly environment: string,
    private readonly random: SeededRandom,
  ) {
    super(urls[0] ?? '', token);
  }

  override async request(
    method: string,
    path: string,
    body?: unknown,
    headers?: { [name: string]: string },
  ): Promise<AdminAnswer> {
    const isSet = path.endsWith('/change-sets');
    this.made += 1;
    const given = (body as { comment?: string } | undefined)?.comment;
    const comment = isSet ? (given ?? `${this.random.seed}-${this.made}`) : null;
    const node = new AdminClient(this.random.pick(this.urls), this.token, PATIENCE_MS);
    try {
      const answer = await node.request(method, path, isSet ? { ...(body as object), comment } : body, headers);
      this.count(String(answer.status));
      if (answer.status === 500) this.mistakes.push(`${method} ${path} was answered ${JSON.stringify(answer.body)}`);
      const isConfirmed = method !== 'GET' && answer.status >= 200 && answer.status <= 299;
      // What changes nothing is answered with the cursor of another write.
      const isEmpty = isSet && (answer.body as { changes?: unknown[] }).changes?.length === 0;
      const cursor = answer.cursors[this.environment];
      if (isConfirmed) this.writes.push({ at: performance.now(), cursor, comment: isEmpty ? null : comment });
      return answer;
    } catch (error) {
      this.count('lost');
      throw error;
    }
  }

  private count(outcome: string): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }
}
