import { type FlagFilter } from '@flagwire/protocol/sync';
import { FakeFeed, flags } from '../changes/change-feed.fake.js';
import { FakeClock } from '../common/clock.fake.js';
import { Refusals } from '../common/refusals.js';
import { RequestDesk, type RequestError } from './request-desk.js';
import { type Guest, TestRoom } from './room.fake.js';

/** A cursor of the feed's first epoch. */
export const at = (revision: number): string => `epoch001.${revision}.m${String(revision).padStart(5, '0')}`;

export interface Visitor extends Guest {
  /** What each request was acknowledged with. */
  told: (RequestError['code'] | 'ok')[];
  ask: (...requests: unknown[]) => void;
}

/** A room with the flags `a`, `b` and `ab`, in which each visitor has a desk. */
export class TestDesks {
  readonly feed = new FakeFeed(flags('a', 'b', 'ab'));
  readonly clock = new FakeClock();
  private readonly room = new TestRoom(this.feed);

  /** @param allowed what the credential is limited to. */
  visit(allowed: FlagFilter | null = null, wanted: FlagFilter | null = allowed): Visitor {
    const guest = this.room.enterLive(wanted);
    const desk = new RequestDesk(guest.session, allowed, { clock: this.clock, refusals: new Refusals() });
    const told: Visitor['told'] = [];
    const ask = (...requests: unknown[]) =>
      requests.forEach((request) => desk.take(request, (error) => told.push(error?.code ?? 'ok')));
    return { ...guest, told, ask };
  }
}

export const types = ({ outlet }: Guest): string[] => outlet.messages.map(({ type }) => type);

/** The messages with what only answers have. */
export const raw = ({ outlet }: Guest) =>
  outlet.messages as unknown as { type: string; id: string; request_id?: string; data: object }[];
