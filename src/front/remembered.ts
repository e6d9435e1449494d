import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Subscription } from 'rxjs';
import { KeyRing } from '../auth/key-ring.js';

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

/** Keys stand in what is remembered, as they were sent: all of it goes in the turn in which any key ends. */
@Injectable()
export class Memory implements OnApplicationShutdown {
  private readonly all: Remembered<unknown>[] = [];
  private readonly following: Subscription;

  constructor(keys: KeyRing) {
    this.following = keys.died.subscribe(() => this.forget());
  }

  onApplicationShutdown(): void {
    this.following.unsubscribe();
    this.forget();
  }

  /** For as long as the node runs. */
  of<Value>(): Remembered<Value> {
    const remembered = new Remembered<Value>();
    this.all.push(remembered);
    return remembered;
  }

  private forget(): void {
    for (const remembered of this.all) remembered.forget();
  }
}
