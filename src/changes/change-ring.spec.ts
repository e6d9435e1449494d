import { describe, expect, it } from '@jest/globals';
import { type Cursor } from '@flagwire/protocol/sync';
import { setAfter, updated } from './change-feed.fake.js';
import { ChangeRing } from './change-ring.js';

const ORIGIN: Cursor = { epoch: 'epoch001', revision: 0, mark: 'm00000' };

function filled(
  bounds: { revisions: number; bytes: number },
  count: number,
  description = '',
): { ring: ChangeRing; size: number } {
  const ring = new ChangeRing(bounds);
  let at = ORIGIN;
  let size = 0;
  for (let index = 0; index < count; index++) {
    const set = setAfter(at, [updated('a', 2, description)]);
    ring.push(set);
    at = set.after;
    size = set.size;
  }
  return { ring, size };
}

describe('The ring of change sets', () => {
  it('knows nothing while it is empty', () => {
    const ring = new ChangeRing({ revisions: 10, bytes: 1000 });
    expect([ring.length, ring.cursorAt(0), ring.after(0)]).toEqual([0, undefined, []]);
  });

  it('knows the cursor before its oldest set up to the one after its newest', () => {
    const { ring } = filled({ revisions: 100, bytes: 2 ** 20 }, 3);
    expect([0, 1, 2, 3].map((revision) => ring.cursorAt(revision)?.mark)).toEqual(['m00000', 'm00001', 'm00002', 'm00003']);
    expect([ring.cursorAt(-1), ring.cursorAt(4)]).toEqual([undefined, undefined]);
    expect(ring.after(1).map(({ after }) => after.revision)).toEqual([2, 3]);
    expect(ring.after(3)).toEqual([]);
  });

  it('keeps the newest revisions, and a tenth more at most', () => {
    for (const count of [10, 11, 12, 50, 101]) {
      const { ring } = filled({ revisions: 10, bytes: 2 ** 20 }, count);
      expect(ring.length).toBeGreaterThanOrEqual(10);
      expect(ring.length).toBeLessThanOrEqual(11);
      expect(ring.cursorAt(count)?.revision).toBe(count);
      expect(ring.cursorAt(count - 10)?.revision).toBe(count - 10);
    }
  });

  it('keeps no more than its bytes', () => {
    const { size } = filled({ revisions: 1000, bytes: 2 ** 20 }, 1);
    const { ring } = filled({ revisions: 1000, bytes: 5 * size }, 100);
    expect(ring.length).toBe(5);
    expect(ring.after(97).map(({ after }) => after.revision)).toEqual([98, 99, 100]);
  });

  it('keeps the newest set, however large', () => {
    const { ring } = filled({ revisions: 10, bytes: 100 }, 3, 'x'.repeat(1000));
    expect(ring.length).toBe(1);
    expect(ring.cursorAt(2)?.revision).toBe(2);
  });

  it('forgets everything when it is cleared', () => {
    const { ring } = filled({ revisions: 10, bytes: 2 ** 20 }, 3);
    ring.clear();
    expect([ring.length, ring.cursorAt(3)]).toEqual([0, undefined]);
  });
});
