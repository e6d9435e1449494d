import { reaches } from '../support/cursor.js';
import { TRANSPORTS, type Transport } from '../support/lines.js';
import { type SeededRandom } from '../support/random.js';
import { type Memory, Visitor } from '../support/visitor.js';
import { Diary } from './diary.js';
import { type Filter, type Ledger } from './ledger.js';

/** So that at the end a poll that nothing comes for learns of it soon. */
const WAIT_S = 1;

export interface Home {
  url: string;
  environment: string;
  key: string;
}

/** One client: it comes and goes, on whatever transport, and remembers what it had. */
export class Guest {
  received = 0;
  subscribed = 0;
  /** Visits that went on where one on another transport had ended. */
  handovers = 0;
  private readonly diaries: { transport: Transport; diary: Diary }[] = [];
  private readonly violations: string[] = [];
  private visitor: Visitor;
  private diary: Diary;

  constructor(
    readonly home: Home,
    private readonly random: SeededRandom,
    private readonly filters: readonly Filter[],
  ) {
    [this.visitor, this.diary] = this.visit(random.pick(TRANSPORTS), random.pick(filters), undefined);
  }

  get memory(): Memory {
    return this.visitor.memory;
  }

  get visits(): number {
    return this.diaries.length;
  }

  get resumptions(): number {
    return this.diaries.filter(({ diary }) => diary.isResumed).length;
  }

  get sets(): number {
    return this.diaries.reduce((sum, { diary }) => sum + diary.sets, 0);
  }

  /** Asks for other flags, or leaves and comes back: on the same or another transport, for the same or other flags. */
  act(): void {
    const { random, filters } = this;
    if (random.chance(0.5) && this.visitor.subscribe(random.pick(filters))) return;
    const memory = this.leave(random.chance(0.5));
    const { transport: before } = this.visitor.options;
    const transport = random.chance(0.7) ? random.pick(TRANSPORTS) : before;
    const flags = random.chance(0.8) ? memory.flags : random.pick(filters);
    if (transport !== before && flags === memory.flags && memory.cursor !== 'none') this.handovers += 1;
    [this.visitor, this.diary] = this.visit(transport, flags, memory.cursor === 'none' ? undefined : memory);
  }

  /** Whether it has everything up to a cursor, of the flags that it asked for last. */
  has(cursor: string): boolean {
    return this.visitor.isIn && !this.visitor.isAsking && reaches(this.memory.cursor, cursor);
  }

  leave(abruptly: boolean): Memory {
    const { visitor, diary } = this;
    const memory = visitor.end(abruptly);
    diary.close(memory.cursor);
    this.received += visitor.received;
    this.subscribed += visitor.subscribed.done;
    this.violations.push(...visitor.checker.violations.map((fault) => `${visitor.options.transport}: ${fault}`));
    return memory;
  }

  /** What was not as it has to be, once it has left. */
  faults(ledger: Ledger): string[] {
    const told = this.diaries.flatMap(({ transport, diary }) => diary.faults(ledger).map((fault) => `${transport}: ${fault}`));
    return [...this.violations, ...told].map((fault) => `a client of ${this.home.environment} by ${fault}`);
  }

  /** Where it stands, for a failure. */
  get situation(): string {
    const { options, memory, isIn, isAsking, checker } = this.visitor;
    const state = `${isIn ? 'in' : 'not in'}${isAsking ? ', asking' : ''}${checker.violations.map((fault) => `, ${fault}`).join('')}`;
    return `${options.transport} for ${options.flags?.join() ?? 'all'} at ${memory.cursor} of ${this.home.environment}: ${state}`;
  }

  private visit(transport: Transport, flags: Filter, memory: Memory | undefined): [Visitor, Diary] {
    const diary = new Diary(memory, flags);
    this.diaries.push({ transport, diary });
    const { url, key } = this.home;
    return [new Visitor({ url, key, transport, flags, memory, waitS: WAIT_S, witness: diary }), diary];
  }
}
