import { type Cursor } from '@flagwire/protocol/sync';
import { type Batch, type Stretch } from './batch.js';
import { type SessionRoom } from './session-room.js';

/**
 * Where a live connection stands: where its room stands, or further. It may have joined with what is still on its way to the others,
 * or have been served before them.
 */
export class Standing {
  private given: Cursor | null = null;

  constructor(private readonly room: Pick<SessionRoom<never>, 'head' | 'newest'>) {}

  get at(): Cursor {
    return this.beside(this.room.head);
  }

  /** Whether something was read that it was not given. */
  get isBehind(): boolean {
    return this.given !== null && this.at.revision < this.room.newest.revision;
  }

  /** @param stood where the room stood, before it was loaded anew. */
  beside(stood: Cursor): Cursor {
    const { given } = this;
    return given !== null && given.revision > stood.revision ? given : stood;
  }

  /** It has everything up to here; null: it is in no room. */
  reach(cursor: Cursor | null): void {
    this.given = cursor;
  }

  /** What it was not given of a batch. */
  lacking({ from, parts }: Batch): readonly Stretch[] {
    const given = this.given?.revision ?? 0;
    return given <= from.revision ? parts : parts.filter(({ reached }) => reached.revision > given);
  }
}
