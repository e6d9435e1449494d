/** At the bound the one that was learned first is forgotten: it is handed on once, and learned again. */
const MOST = 10_000;

/** What was learned, by the question that it answers. */
export class Remembered<Value> {
  private readonly values = new Map<string, Value>();

  get(question: string): Value | undefined {
    return this.values.get(question);
  }

  learn(question: string, value: Value): void {
    this.values.set(question, value);
    const [oldest] = this.values.keys();
    if (this.values.size > MOST && oldest !== undefined) this.values.delete(oldest);
  }

  forget(): void {
    this.values.clear();
  }
}
