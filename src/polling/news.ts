import { Injectable } from '@nestjs/common';
import { flagIdOf, matches } from '@flagwire/protocol/sync';
import { type Response } from 'express';
import { filter, firstValueFrom, fromEvent, map, merge, type Observable, ReplaySubject, timer } from 'rxjs';
import { KeyRing, refusalOf } from '../auth/key-ring.js';
import { assertNever } from '../common/assert.js';
import { ChangeFeed, type FeedUpdate } from '../changes/change-feed.js';
import { type PollRequest } from './poll-request.js';

/** What counts as news: any new revision, or only one with a flag that the poll asks for. */
type Wanted = 'any' | 'matching';

/** What long polls wait for. */
@Injectable()
export class News {
  private readonly shutdown = new ReplaySubject<void>(1);

  constructor(
    private readonly feed: ChangeFeed,
    private readonly keys: KeyRing,
  ) {}

  /**
   * Resolves on news, after the poll's `waitS` seconds (at once where it has none), when the client leaves and when the
   * server stops: whoever waits is answered with what there is then.
   * @throws Unauthenticated when the key dies meanwhile, or has died since it was checked; KeyNotChecked when nobody can tell any more.
   */
  async wait(poll: PollRequest, wanted: Wanted, response: Response): Promise<void> {
    if (poll.waitS === null || response.destroyed) return;
    const { keyId } = poll;
    const reason = this.keys.endingOf(keyId);
    if (reason !== null) throw refusalOf({ keyId, reason });
    const died = this.keys.died.pipe(filter(({ keyId }) => keyId === poll.keyId));
    const ends: Observable<unknown>[] = [
      this.feed.updates.pipe(filter((update) => isNews(update, poll, wanted))),
      timer(poll.waitS * 1000),
      fromEvent(response, 'close'),
      this.shutdown,
    ];
    const death = await firstValueFrom(merge(died, ...ends.map((end) => end.pipe(map(() => null)))));
    if (death !== null) throw refusalOf(death);
  }

  /** Nobody waits any more, nor does who comes from now on: the server stops. */
  answerAll(): void {
    this.shutdown.next();
  }
}

function isNews(update: FeedUpdate, { environmentId, subscription }: PollRequest, wanted: Wanted): boolean {
  switch (update.kind) {
    case 'changed': {
      if (update.replica.environment.id !== environmentId) return false;
      const touches = () => update.sets.some((set) => set.events.some((event) => matches(subscription.filter, flagIdOf(event))));
      return wanted === 'any' || touches();
    }
    case 'reset':
      return update.replica.environment.id === environmentId;
    case 'removed':
      return update.environmentId === environmentId;
    case 'keys':
      return false;
    default:
      return assertNever(update);
  }
}
