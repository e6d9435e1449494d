import { type Subscription, subscriptionKey } from '../changes/subscription.js';
import { type Form } from './form.js';

/** The sessions that want the same flags in the same form, and have all of them. */
export interface LiveGroup<Session> {
  readonly subscription: Subscription;
  readonly form: Form;
  readonly sessions: Set<Session>;
}

interface Member {
  readonly subscription: Subscription;
  readonly form: Form;
}

type Groups<Session> = Set<LiveGroup<Session>>;

/** Who is live in an environment, by what they want: a change finds those who want it without looking at the others. */
export class LiveGroups<Session extends Member> {
  private readonly groups = new Map<string, LiveGroup<Session>>();
  private readonly unfiltered: Groups<Session> = new Set();
  private readonly byId = new Map<string, Groups<Session>>();
  private readonly byPrefix = new Map<string, Groups<Session>>();

  get isEmpty(): boolean {
    return this.groups.size === 0;
  }

  join(session: Session): void {
    const key = keyOf(session);
    let group = this.groups.get(key);
    if (group === undefined) {
      const { subscription, form } = session;
      group = { subscription, form, sessions: new Set() };
      this.groups.set(key, group);
      this.enter(group);
    }
    group.sessions.add(session);
  }

  /** By what the session wants now: it leaves before it wants something else. */
  leave(session: Session): void {
    const key = keyOf(session);
    const group = this.groups.get(key);
    group?.sessions.delete(session);
    if (group?.sessions.size !== 0) return;
    this.groups.delete(key);
    this.exit(group);
  }

  /** The groups that want any of these flags, each once. */
  wanting(flagIds: Iterable<string>): Groups<Session> {
    const found = new Set(this.unfiltered);
    const add = (groups: Groups<Session> | undefined) => groups?.forEach((group) => found.add(group));
    for (const flagId of flagIds) {
      add(this.byId.get(flagId));
      if (this.byPrefix.size === 0) continue;
      for (let length = 1; length <= flagId.length; length++) add(this.byPrefix.get(flagId.slice(0, length)));
    }
    return found;
  }

  private enter(group: LiveGroup<Session>): void {
    for (const [index, name] of this.placesOf(group)) {
      const groups = index.get(name) ?? new Set();
      index.set(name, groups);
      groups.add(group);
    }
    if (group.subscription.filter === null) this.unfiltered.add(group);
  }

  private exit(group: LiveGroup<Session>): void {
    for (const [index, name] of this.placesOf(group)) {
      const groups = index.get(name);
      groups?.delete(group);
      if (groups?.size === 0) index.delete(name);
    }
    this.unfiltered.delete(group);
  }

  private placesOf({ subscription: { filter } }: LiveGroup<Session>): [Map<string, Groups<Session>>, string][] {
    if (filter === null) return [];
    return [
      ...[...filter.ids].map((id): [Map<string, Groups<Session>>, string] => [this.byId, id]),
      ...filter.prefixes.map((prefix): [Map<string, Groups<Session>>, string] => [this.byPrefix, prefix]),
    ];
  }
}

function keyOf({ subscription, form }: Member): string {
  return `${form.transport} ${subscriptionKey(subscription)}`;
}
