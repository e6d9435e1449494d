import { Injectable } from '@nestjs/common';

/** Deliveries of one turn: some milliseconds, which is what a request or a newcomer waits at most. */
export const DELIVERIES_PER_TURN = 256;

/** Work that can be done in parts. */
export interface Work {
  /** Does so much of it at most. @returns how much; less than that: nothing is left. */
  serve(most: number): number;
}

/**
 * Shares the turns of the event loop between what is to be sent to many connections and everything else: requests, polls and newcomers
 * have theirs between two portions. Who has more to do than a portion stands behind the others again.
 */
@Injectable()
export class Turns {
  private readonly waiting = new Set<Work>();
  private isDue = false;

  /** The work begins when what the loop is busy with now is over. */
  add(work: Work): void {
    this.waiting.add(work);
    if (this.isDue) return;
    this.isDue = true;
    this.soon(() => this.take());
  }

  /** Behind what is ready to be read now, and before anything is waited for. */
  protected soon(turn: () => void): void {
    setImmediate(turn);
  }

  private take(): void {
    this.isDue = false;
    let left = DELIVERIES_PER_TURN;
    for (const work of this.waiting) {
      if (left === 0) break;
      this.waiting.delete(work);
      const served = work.serve(left);
      if (served === left) this.add(work);
      left -= served;
    }
    const [next] = this.waiting;
    if (next !== undefined) this.add(next);
  }
}
