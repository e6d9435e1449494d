import { randomUUID } from 'node:crypto';
import { type Database } from '../database/database.js';

/** Of all wake-ups. */
export const CHANNEL = 'flagwire';
/** What it begins with is for the node that sent it alone. */
const PREFIX = 'echo ';

const EVERY_MS = 30_000;
/** From when it was sent. */
const PATIENCE_MS = 5000;
const TRY_AGAIN_MS = 1000;

/**
 * Finds out whether what is sent on one connection is heard on another: sends a word by the pool, and waits for it. That a LISTEN was
 * answered says nothing: a pooler answers it on a connection that it then gives to others.
 */
export class Echoes {
  private expected: string | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** Where the verdict goes. */
  private tell: (arrive: boolean) => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly everyMs = EVERY_MS,
  ) {}

  /** Tells at once, and every 30 seconds, until `stop`. */
  watch(tell: (arrive: boolean) => void): void {
    this.stop();
    this.tell = tell;
    void this.send();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.expected = null;
    this.tell = () => undefined;
  }

  /** @returns whether the notification is an echo, this node's or another one's. */
  take(payload: string): boolean {
    if (payload === this.expected) {
      this.expected = null;
      this.after(this.everyMs, () => void this.send());
      this.tell(true);
    }
    return payload.startsWith(PREFIX);
  }

  private async send(): Promise<void> {
    const word = `${PREFIX}${randomUUID()}`;
    this.expected = word;
    let sent = true;
    try {
      await this.database.write((manager) => manager.query('SELECT pg_notify($1, $2)', [CHANNEL, word]));
    } catch {
      // The database is away, or busy: that says nothing about hearing.
      sent = false;
    }
    // It may have been heard before its sending was known to have succeeded.
    if (this.expected !== word) return;
    if (sent) this.after(PATIENCE_MS, () => this.tell(false));
    else this.after(TRY_AGAIN_MS, () => void this.send());
  }

  private after(ms: number, next: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(next, ms);
  }
}
