/** At most `places` tasks at a time, first in, first out. A task that throws rejects its own promise and lets the next one run. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running === this.places) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}

/** One task at a time. */
export class Mutex extends Gate {
  constructor() {
    super(1);
  }
}
