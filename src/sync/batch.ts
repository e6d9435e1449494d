import { type Cursor } from '@flagwire/protocol/sync';
import { type Form } from './form.js';
import { type Frame, SLICE_BYTES } from './frame.js';

/** Frames that belong together, and where they lead. */
export interface Stretch {
  readonly frames: readonly Frame[];
  readonly reached: Cursor;
}

/** Change sets as those of one form and filter get them: some of them, since the filter may want nothing of others. */
export interface Batch {
  /** Before the first of all the sets. */
  readonly from: Cursor;
  /** After the last of them. */
  readonly to: Cursor;
  readonly parts: readonly Stretch[];
  /** All of it; null where it fills several frames, or was to. */
  readonly frame: Frame | null;
}

export function batchOf(form: Form, parts: readonly Stretch[], from: Cursor, to: Cursor): Batch {
  const frames = parts.flatMap((part) => part.frames);
  return { from, to, parts, frame: joined(form, frames) };
}

function joined(form: Form, frames: readonly Frame[]): Frame | null {
  const [first, second] = frames;
  if (first === undefined) return null;
  if (second === undefined) return first;
  const size = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return size > SLICE_BYTES ? null : form.join(frames);
}
