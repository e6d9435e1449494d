/** How long a task waits for its place, in milliseconds, and what it is refused with after that. */
export interface Patience {
  readonly ms: number;
  readonly late: () => Error;
}

/** At most `places` tasks at a time, first in, first out. A task that throws rejects its own promise and lets the next one run. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: number) {}

  /** @param patience default: the task waits for its place however long that takes. */
  async run<T>(task: () => Promise<T>, patience?: Patience): Promise<T> {
    if (this.running === this.places) await this.turn(patience);
    else this.running += 1;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private turn(patience: Patience | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (patience === undefined) return this.waiting.push(resolve);
      const take = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(patience.late());
      }, patience.ms);
      return this.waiting.push(take);
    });
  }
}

/** One task at a time. */
export class Mutex extends Gate {
  constructor() {
    super(1);
  }
}
