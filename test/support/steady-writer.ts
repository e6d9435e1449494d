import { type AdminClient } from './admin-client.js';
import { eventually } from './wait.js';

/** Under way once so many changes were answered. */
const WARM = 20;

/** Switches the same flags on and off, all of them in each change set, one after the other, while something else is done. */
export class SteadyWriter {
  /** Of the newest change set that was answered. */
  revision = 0;
  private isOver = false;
  private readonly running: Promise<void>;

  private constructor(
    private readonly admin: AdminClient,
    private readonly environment: string,
    private readonly flags: readonly string[],
  ) {
    this.running = this.run();
  }

  static async begin(admin: AdminClient, environment: string, flags: readonly string[]): Promise<SteadyWriter> {
    const writer = new SteadyWriter(admin, environment, flags);
    await eventually(() => writer.revision > WARM, { timeoutMs: 30_000, what: 'changes under way' });
    return writer;
  }

  /** @throws what a change was answered with that was not made. */
  end(): Promise<void> {
    this.isOver = true;
    return this.running;
  }

  private async run(): Promise<void> {
    for (let count = 0; !this.isOver; count += 1) {
      const status = count % 2 === 0 ? 'disabled' : 'enabled';
      const changes = this.flags.map((flag) => ({ flag, status }) as const);
      this.revision = (await this.admin.changeSet(this.environment, changes)).body.revision;
    }
  }
}
