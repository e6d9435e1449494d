import pg from 'pg';

/**
 * A connection that is given up as soon as an answer does not come in time. The driver alone would hand it to the next user of the
 * pool, with whatever was sent on it still under way: a transaction that was thought to be over would take the next one in.
 */
export class ImpatientClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    const impatient = (...args: unknown[]): unknown => {
      const answer = query(...args);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.consider(error));
      return answer;
    };
    Object.assign(this, { query: impatient });
  }

  private consider(error: unknown): void {
    // The driver gives its own time-out no code.
    if (error instanceof Error && error.message === 'Query read timeout') this.end().catch(() => undefined);
  }
}
