import { apply } from './apply.js';
import { type FlagChange } from './messages.js';
import { parseMessage } from './parse-message.js';
import { initialState, type SyncState } from './state.js';
import { type Edit, type Frame, type Group, type ServerLog } from './server-log.fake.js';

export type Op =
  | { op: 'commit'; groups: Group[]; edit: Edit }
  | { op: 'deliver'; frames: number }
  | { op: 'lose' | 'repeat' | 'swap'; at: number }
  | { op: 'break' | 'beat' | 'restore' | 'goodbye' | 'garble' | 'poll' | 'late-poll' | 'resync' };

export const HITS = ['gap', 'duplicate', 'reordering', 'break in a set', 'break in a full sync', 'late answer'] as const;
export type Hit = (typeof HITS)[number];

/** What a client, the line to it and its server do; `observe` is called with each state that an application could see. */
export class FaultyLine {
  state: SyncState = initialState();
  readonly hits = new Set<Hit>();
  /** What a listener that only hears of changes knows. */
  readonly heard = new Map<string, unknown>();
  dropped = 0;
  /** Units that are still to be delivered: faults hit whole units. A unit is a change set, or one message of any other kind. */
  private line: Frame[][] = [];
  /** What is left of the unit of which the beginning has arrived: only a break takes that. */
  private arriving: Frame[] = [];
  /** What the client is hit by once a unit arrives: a fault on a line that breaks before is none. */
  private marks = new Map<Frame[], Hit>();
  private lostTheLast = false;
  /** Which sync each unit is of. */
  private readonly syncs = new WeakMap<Frame[], number>();
  private sync = 0;
  private isOpen = false;
  /**
   * The beginnings of full syncs in place of a new epoch. They are not lost: a client that compares no cursors could not know that
   * versions begin again, and takes the events of the new epoch for copies of the old one's.
   */
  private readonly newEpochs = new Set<Frame | undefined>();

  /** @param unit `message`: faults hit single messages, also inside of a change set. */
  constructor(
    readonly server: ServerLog,
    private readonly unit: 'set' | 'message',
    private readonly observe: (line: FaultyLine) => void,
  ) {}

  run(op: Op): void {
    switch (op.op) {
      case 'commit':
        return this.send(this.server.commit(op.groups, op.edit));
      case 'deliver':
        return this.deliver(op.frames);
      case 'lose':
        return this.lose(op.at % this.line.length);
      case 'repeat':
        return this.repeat(op.at % this.line.length);
      case 'swap': {
        const at = op.at % Math.max(1, this.line.length - 1);
        const [first, second] = this.line.slice(at, at + 2);
        if (first === undefined || second === undefined) return;
        this.line.splice(at, 2, second, first);
        return this.mark(first, 'reordering');
      }
      case 'beat':
        return this.send([this.server.heartbeat()]);
      case 'restore': {
        this.server.restore();
        const frames = this.server.full();
        this.newEpochs.add(frames[0]);
        return this.send(frames);
      }
      case 'resync':
        return this.send(this.server.full());
      case 'goodbye':
        return this.send([{ type: 'Goodbye', data: { reason: 'max_age', retry_after_ms: 1 }, id: this.server.head }]);
      case 'garble':
        return this.input({ type: 'Received', message: parseMessage('{"type":"FlagUpd') });
      case 'break':
        return this.break();
      case 'poll':
        return this.poll(this.state.cursor);
      case 'late-poll':
        return this.poll([...this.server.snapshots.keys()].at(-2) ?? 'none');
    }
  }

  /** Everything that is on its way arrives; a client that went away comes back. */
  settle(): void {
    for (let turn = 0; turn < 10 && (!this.isOpen || this.arriving.length + this.line.length > 0); turn += 1) {
      if (!this.isOpen) this.open();
      this.deliver(Infinity);
    }
  }

  private open(): void {
    this.isOpen = true;
    this.input({ type: 'Opened' });
    this.send(this.server.sync(this.state.cursor));
  }

  private send(frames: Frame[]): void {
    if (!this.isOpen) return;
    let open: Frame[] | null = null;
    for (const frame of frames) {
      if (open === null) this.push((open = [frame]));
      else open.push(frame);
      if (frame.more !== true || this.unit === 'message') open = null;
    }
  }

  private deliver(frames: number): void {
    if (!this.isOpen) this.open();
    for (let left = frames; left > 0 && this.isOpen; left -= 1) {
      if (this.arriving.length === 0) this.arriving = this.next();
      const frame = this.arriving.shift();
      if (frame === undefined) return;
      this.input({ type: 'Received', message: parseMessage(JSON.stringify(frame)) });
    }
  }

  private lose(at: number): void {
    const unit = this.line[at];
    if (unit === undefined || this.newEpochs.has(unit[0])) return;
    this.line.splice(at, 1);
    if (isHeartbeat(unit)) return;
    const behind = this.line[at];
    if (behind === undefined) this.lostTheLast = true;
    else this.mark(behind, 'gap');
  }

  /**
   * A copy comes up to three units later, within the same sync: nothing carries one over to the next. That of a beginning comes before
   * the end: with a copy of that it would be a sync of its own, and where there are no flags a whole one, of what is over by then.
   */
  private repeat(at: number): void {
    const unit = this.line[at];
    if (unit === undefined) return;
    const isOfNext = (other: Frame[]): boolean => (this.syncs.get(other) ?? 0) > (this.syncs.get(unit) ?? 0);
    // It was swapped into the next one.
    if (this.line.slice(0, at).some(isOfNext)) return;
    const later = this.line.slice(at + 1, at + 4);
    const isTooLate = (other: Frame[]): boolean =>
      isOfNext(other) || (unit[0]?.type === 'SyncStarted' && other[0]?.type === 'SyncComplete');
    const next = later.findIndex(isTooLate);
    const copy = [...unit];
    this.line.splice(at + 1 + (next < 0 ? later.length : next), 0, copy);
    this.syncs.set(copy, this.syncs.get(unit) ?? 0);
    this.mark(copy, 'duplicate');
  }

  private mark(unit: Frame[], hit: Hit): void {
    if (!isHeartbeat(unit)) this.marks.set(unit, hit);
  }

  private push(unit: Frame[]): void {
    if (unit[0]?.type === 'SyncStarted') this.sync += 1;
    this.syncs.set(unit, this.sync);
    this.line.push(unit);
    if (this.lostTheLast) this.mark(unit, 'gap');
    this.lostTheLast = false;
  }

  private next(): Frame[] {
    const unit = this.line.shift() ?? [];
    const hit = this.marks.get(unit);
    if (hit !== undefined) this.hits.add(hit);
    return unit;
  }

  private break(): void {
    const { phase } = this.state;
    if (phase.name === 'full' && phase.staged !== null) this.hits.add('break in a full sync');
    if ((phase.name === 'live' || phase.name === 'delta') && phase.set !== null) this.hits.add('break in a set');
    this.isOpen = false;
    this.input({ type: 'Closed' });
  }

  private poll(asked: string): void {
    if (asked !== this.state.cursor) this.hits.add('late answer');
    else if (this.isOpen) this.break();
    const delta = this.server.eventsAfter(asked);
    const frames = delta ?? this.server.full().slice(1, -1);
    const events = frames.map((frame) => parseMessage(JSON.stringify(frame)));
    this.input({ type: 'Answered', answer: { asked, mode: delta ? 'delta' : 'full', events, cursor: this.server.head } });
  }

  private input(input: Parameters<typeof apply>[1]): void {
    const { state, effects } = apply(this.state, input);
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'Changed') this.hear(effect.changes);
      if (effect.type === 'Drop') this.dropped += 1;
      if (effect.type === 'Drop' || effect.type === 'Leave') this.isOpen = false;
    }
    if (!this.isOpen) [this.line, this.arriving, this.lostTheLast] = [[], [], false];
    this.observe(this);
  }

  private hear(changes: FlagChange[]): void {
    for (const { id, before, after } of changes) {
      if (JSON.stringify(this.heard.get(id) ?? null) !== JSON.stringify(before)) throw new Error(`before ${id} was another`);
      if (after === null) this.heard.delete(id);
      else this.heard.set(id, after);
    }
  }
}

/** It tells of no flag: lost, or twice, it is no fault that a state could show. */
function isHeartbeat([first]: Frame[]): boolean {
  return first?.type === 'Heartbeat';
}
