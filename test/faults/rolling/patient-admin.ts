import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdminAnswer } from '../../support/admin-client.js';
import { RoamingAdmin } from '../cluster/writer.js';

/** What a balancer answers where no node does, and a node that has no database. */
const FOR_NOW: readonly number[] = [502, 503, 504];
const PAUSE_MS = 100;
const MOST_ATTEMPTS = 50;

/** The admin API for a program that wants its writes done: what was not answered is sent again, a POST with its `Idempotency-Key`. */
export class PatientAdmin extends RoamingAdmin {
  /** Requests that had to be sent again, by what the first attempt came to. */
  readonly repeated: { [outcome: string]: number } = {};

  override async request(
    method: string,
    path: string,
    body?: unknown,
    headers?: { [name: string]: string },
  ): Promise<AdminAnswer> {
    const isPost = method === 'POST';
    const all = { ...headers, ...(isPost && { 'Idempotency-Key': randomUUID() }) };
    const same = isPost ? { comment: randomUUID(), ...(body as object) } : body;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await super.request(method, path, same, all).catch((error: unknown) => String(error));
      if (typeof answer !== 'string' && !FOR_NOW.includes(answer.status)) return answer;
      if (attempt === MOST_ATTEMPTS) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      const outcome = `${method} ${typeof answer === 'string' ? 'lost' : answer.status}`;
      if (attempt === 1) this.repeated[outcome] = (this.repeated[outcome] ?? 0) + 1;
      await sleep(PAUSE_MS);
    }
  }
}
