import { type Cursor } from '@flagwire/protocol/sync';
import { type EncodedChangeSet } from './encoded-change-set.js';

export interface RingBounds {
  revisions: number;
  bytes: number;
}

/** The newest change sets of an environment, in memory: reconnects within it touch no database. */
export class ChangeRing {
  private sets: EncodedChangeSet[] = [];
  private size = 0;

  constructor(private readonly bounds: RingBounds) {}

  /** @param set the one after the newest. */
  push(set: EncodedChangeSet): void {
    this.sets.push(set);
    this.size += set.size;
    // In slabs: shifting a long array for each revision would cost as much as the array is long.
    const slack = Math.ceil(this.bounds.revisions / 10);
    if (this.sets.length > this.bounds.revisions + slack) this.drop(this.sets.length - this.bounds.revisions);
    while (this.size > this.bounds.bytes && this.sets.length > 1) this.drop(1);
  }

  clear(): void {
    this.sets = [];
    this.size = 0;
  }

  get length(): number {
    return this.sets.length;
  }

  /** The cursor of a revision that the ring knows; undefined for all others. */
  cursorAt(revision: number): Cursor | undefined {
    const first = this.sets[0];
    if (first === undefined) return undefined;
    if (revision === first.before.revision) return first.before;
    return this.sets[revision - first.after.revision]?.after;
  }

  /** The sets after a revision that `cursorAt` knows. */
  after(revision: number): readonly EncodedChangeSet[] {
    const first = this.sets[0];
    return first === undefined ? [] : this.sets.slice(revision - first.before.revision);
  }

  private drop(count: number): void {
    for (const set of this.sets.splice(0, count)) this.size -= set.size;
  }
}
