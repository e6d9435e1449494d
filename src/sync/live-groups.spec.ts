import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@flagwire/protocol/sync';
import { subscriptionTo } from '../changes/subscription.js';
import { type Form } from './form.js';
import { LiveGroups } from './live-groups.js';
import { SOCKET_IO, WEB_SOCKET } from './socket-forms.js';
import { SSE } from './sse-form.js';

class Guest {
  readonly subscription;

  constructor(
    readonly name: string,
    flags: string[] | null,
    readonly form: Form = SSE,
  ) {
    this.subscription = subscriptionTo(flags === null ? null : parseFilter(flags));
  }
}

function groupsOf(...guests: Guest[]): LiveGroups<Guest> {
  const groups = new LiveGroups<Guest>();
  for (const guest of guests) groups.join(guest);
  return groups;
}

function wanting(groups: LiveGroups<Guest>, ...flagIds: string[]): string[] {
  return [...groups.wanting(flagIds)].flatMap(({ sessions }) => [...sessions].map(({ name }) => name)).sort();
}

describe('Live groups', () => {
  it('are found by ids, by prefixes, and always where they want everything', () => {
    const groups = groupsOf(
      new Guest('all', null),
      new Guest('star', ['*']),
      new Guest('one', ['checkout.card']),
      new Guest('prefix', ['checkout.*']),
      new Guest('letter', ['c*', 'x']),
      new Guest('other', ['search.*', 'checkout']),
    );
    expect(wanting(groups, 'checkout.card')).toEqual(['all', 'letter', 'one', 'prefix', 'star']);
    expect(wanting(groups, 'checkout')).toEqual(['all', 'letter', 'other', 'star']);
    expect(wanting(groups, 'x')).toEqual(['all', 'letter', 'star']);
    expect(wanting(groups, 'z')).toEqual(['all', 'star']);
    expect(wanting(groups)).toEqual(['all', 'star']);
  });

  it('are found once, however many of the flags they want', () => {
    const groups = groupsOf(new Guest('one', ['a', 'b', 'a*']));
    expect(groups.wanting(['a', 'ab', 'b']).size).toBe(1);
  });

  it('are one for each form and filter, and shared by those who want the same', () => {
    const groups = groupsOf(
      new Guest('a', ['x', 'y']),
      new Guest('b', ['y', 'x', 'x']),
      new Guest('c', ['x', 'y'], WEB_SOCKET),
      new Guest('d', ['x', 'y'], SOCKET_IO),
    );
    expect([...groups.wanting(['x'])].map(({ sessions }) => sessions.size)).toEqual([2, 1, 1]);
  });

  it('are forgotten with the last who leaves, whoever leaves twice or never came', () => {
    const [first, second] = [new Guest('a', ['x*', 'y']), new Guest('b', ['x*', 'y'])];
    const groups = groupsOf(first, second);
    groups.leave(new Guest('stranger', ['z']));
    groups.leave(first);
    groups.leave(first);
    expect(wanting(groups, 'xx', 'y')).toEqual(['b']);
    groups.leave(second);
    expect([groups.isEmpty, wanting(groups, 'xx', 'y')]).toEqual([true, []]);
  });

  it('that do not want a flag are not looked at when it changes', () => {
    const groups = groupsOf(...Array.from({ length: 5000 }, (_, index) => new Guest(`g${index}`, [`flag-${index}`])));
    let looked = 0;
    for (const group of groups.wanting(['flag-77'])) looked += group.sessions.size;
    expect(looked).toBe(1);
  });
});
