import { type Cursor, NO_CURSOR } from '@flagwire/protocol/sync';
import { cursorText, type Subscription } from '../changes/subscription.js';

/** What a peer wants. It may change its mind by a request. */
export class Wish {
  /** It wants no events, and is sent no cursor. */
  isMuted = false;

  constructor(public subscription: Subscription) {}

  /** The cursor of somebody who has all of this up to `at`. */
  cursorAt(at: Cursor): string {
    return this.isMuted ? NO_CURSOR : cursorText(at, this.subscription);
  }
}
