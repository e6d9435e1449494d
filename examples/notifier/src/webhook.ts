import { setTimeout as sleep } from 'node:timers/promises';
import { type WebhookMessage } from './message.js';

export interface WebhookOptions {
  url: string;
  /** Attempts for one message, the first one included. Default 5. */
  attempts?: number;
  /** Before the second attempt; doubled before each further one. Default 1000. */
  pauseMs?: number;
}

const TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;

/** Posts messages to an incoming webhook, each until it is taken, refused for good, or given up. */
export class Webhook {
  constructor(private readonly options: WebhookOptions) {}

  /**
   * @param signal ends the pauses and the attempt under way.
   * @throws Error where the message was not taken: refused (4xx but 429), or after the last attempt.
   */
  async post(message: WebhookMessage, signal: AbortSignal): Promise<void> {
    const { attempts = 5, pauseMs = 1000 } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.attempt(message, signal);
      if (outcome.taken) return;
      if (!outcome.again || attempt >= attempts || signal.aborted) throw new Error(outcome.reason);
      const pause = outcome.retryAfterMs ?? pauseMs * 2 ** (attempt - 1);
      await sleep(Math.min(pause, LONGEST_PAUSE_MS), undefined, { signal });
    }
  }

  private async attempt(message: WebhookMessage, signal: AbortSignal): Promise<Outcome> {
    try {
      const response = await fetch(this.options.url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(message),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      if (response.ok) return { taken: true };
      const again = response.status === 429 || response.status >= 500;
      const seconds = Number(response.headers.get('retry-after') ?? NaN);
      const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
      return { taken: false, again, retryAfterMs, reason: `the webhook answered ${response.status}` };
    } catch (error) {
      // Not the error itself: its text has the URL in it, which is a secret.
      const reason = error instanceof Error ? error.name : 'failed';
      return { taken: false, again: true, retryAfterMs: null, reason: `the webhook could not be reached (${reason})` };
    }
  }
}

type Outcome = { taken: true } | { taken: false; again: boolean; retryAfterMs: number | null; reason: string };
