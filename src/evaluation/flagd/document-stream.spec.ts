import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../common/clock.fake.js';
import { type CallOutlet, DocumentStream } from './document-stream.js';

/** A connection that takes what it is given when it is told to. */
class SlowOutlet implements CallOutlet {
  readonly log: string[] = [];
  private pending: (() => void) | null = null;

  write(bytes: Buffer, taken: () => void): void {
    if (this.pending !== null) throw new Error('It was given something before it had taken what it had');
    this.log.push(`${bytes.toString('latin1', 0, 1)}${bytes.length}`);
    this.pending = taken;
  }

  end({ details }: { details: string }): void {
    this.log.push(details);
  }

  cut(): void {
    this.log.push('cut');
  }

  take(): void {
    const taken = this.pending;
    this.pending = null;
    taken?.();
  }
}

const SLICE = 64 * 1024;
const small = (letter: string) => Buffer.from(letter);
const large = (letter: string) => Buffer.alloc(2 * SLICE + 1, letter);
const BYE = { code: 14, details: 'bye' };

let outlet: SlowOutlet;
let clock: FakeClock;
let stream: DocumentStream;

beforeEach(() => {
  outlet = new SlowOutlet();
  clock = new FakeClock();
  stream = new DocumentStream(outlet, () => clock.monotonic());
});

const isStuck = () => stream.isStuck(30_000, 500);

describe('A stream of documents', () => {
  it('gives a slow reader the newest when it has taken the one before, and none of those in between', () => {
    for (const letter of 'abcd') stream.send(small(letter));
    outlet.take();
    outlet.take();
    stream.send(small('e'));
    expect(outlet.log).toEqual(['a1', 'd1', 'e1']);
  });

  it('gives a document whole, slice by slice, whatever comes meanwhile', () => {
    stream.send(large('a'));
    stream.send(large('b'));
    outlet.take();
    stream.send(small('c'));
    outlet.take();
    outlet.take();
    expect(outlet.log).toEqual([`a${SLICE}`, `a${SLICE}`, 'a1', 'c1']);
  });

  it('ends after what has been begun, once, and says nothing more', () => {
    stream.send(large('a'));
    stream.send(small('b'));
    stream.end(BYE);
    stream.end({ ...BYE, details: 'again' });
    stream.send(small('c'));
    for (let turn = 0; turn < 4; turn += 1) outlet.take();
    expect(outlet.log).toEqual([`a${SLICE}`, `a${SLICE}`, 'a1', 'bye']);
  });

  it('is stuck when its reader takes nothing for the time, and not while there is nothing to take', () => {
    clock.time += 60_000;
    expect(isStuck()).toBe(false);
    stream.send(large('a'));
    clock.time += 29_999;
    expect(isStuck()).toBe(false);
    outlet.take();
    clock.time += 29_999;
    expect(isStuck()).toBe(false);
    clock.time += 1;
    expect(isStuck()).toBe(true);
    outlet.take();
    outlet.take();
    clock.time += 60_000;
    expect(isStuck()).toBe(false);
  });

  it('is stuck when its end does not come in time, though its reader takes something', () => {
    stream.send(large('a'));
    stream.end(BYE);
    clock.time += 300;
    outlet.take();
    clock.time += 200;
    expect(isStuck()).toBe(true);
    stream.close();
    expect(isStuck()).toBe(false);
  });
});
