import { Turns } from './turns.js';

/** Turns that come at once, or when the test says so. */
export class FakeTurns extends Turns {
  private held: (() => void)[] | null = null;

  /** From now on a turn comes when `next` is called. */
  hold(): void {
    this.held ??= [];
  }

  /** @returns false where nobody waits for one. */
  next(): boolean {
    const turn = this.held?.shift();
    turn?.();
    return turn !== undefined;
  }

  /** Until nobody waits for one. @returns how many it took. */
  all(): number {
    let taken = 0;
    while (this.next()) taken += 1;
    return taken;
  }

  protected override soon(turn: () => void): void {
    if (this.held === null) turn();
    else this.held.push(turn);
  }
}
