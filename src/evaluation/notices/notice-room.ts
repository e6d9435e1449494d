import { type Cursor, formatCursor, type PresentedCursor, sameCursor } from '@flagwire/protocol/sync';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { type Random } from '../../common/random.js';
import { noticeFrame, type NoticeSession } from '../../sync/notice-session.js';
import { NoticePace, spreadMs } from './notice-pace.js';

/** The connections of one environment that wait for notices. No clock: times are handed in, monotonic milliseconds. */
export class NoticeRoom {
  private readonly members = new Map<NoticeSession, NoticePace>();
  private made: { head: Cursor; id: string; frame: ReturnType<typeof noticeFrame> } | null = null;

  constructor(private readonly random: Random) {}

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  join(session: NoticeSession): void {
    this.members.set(session, new NoticePace());
  }

  leave(session: NoticeSession): void {
    this.members.delete(session);
  }

  /** It has missed something: one notice, and not at the same moment for all who come back together. */
  missed(session: NoticeSession, now: number): void {
    this.members.get(session)?.owe(now + this.random.integer(0, spreadMs(this.members.size) + 1));
  }

  /** Something changed: each in its own part of the time over which they are spread, or all at once. */
  changed(isCritical: boolean, now: number): void {
    const count = this.members.size;
    if (count === 0) return;
    const slot = isCritical ? 0 : spreadMs(count) / count;
    let place = this.random.integer(0, count);
    for (const pace of this.members.values()) {
      pace.owe(now + slot * place);
      place = (place + 1) % count;
    }
  }

  /** Sends what is due. @returns whether somebody is still to get one. */
  send(replica: EnvironmentReplica, now: number): boolean {
    let isOwed = false;
    for (const [session, pace] of [...this.members]) {
      if (!pace.isDue(now)) isOwed ||= pace.isOwed;
      else {
        pace.sent(now);
        this.notify(session, replica);
      }
    }
    return isOwed;
  }

  /** A throw ends the connection that it came from, and no other. */
  private notify(session: NoticeSession, replica: EnvironmentReplica): void {
    const { id, frame } = this.notice(replica);
    try {
      session.notify(frame, id);
    } catch {
      session.cut('error');
    }
  }

  private notice({ head, httpDate }: EnvironmentReplica): { id: string; frame: ReturnType<typeof noticeFrame> } {
    if (this.made === null || !sameCursor(this.made.head, head)) {
      const id = formatCursor(head, null);
      const lastModified = Math.floor(Date.parse(httpDate) / 1000);
      this.made = { head, id, frame: noticeFrame(id, { type: 'refetchEvaluation', etag: id, lastModified }) };
    }
    return this.made;
  }
}

/** Whether a client that presents this cursor has everything. */
export function isUpToDate(presented: PresentedCursor | null, { head }: EnvironmentReplica): boolean {
  return presented !== null && presented.filter === null && sameCursor(presented, head);
}
