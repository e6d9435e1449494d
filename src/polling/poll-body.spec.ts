import { beforeEach, describe, expect, it } from '@jest/globals';
import { type PollBody, parseFilter } from '@flagwire/protocol/sync';
import { FakeFeed, flags } from '../changes/change-feed.fake.js';
import { subscriptionTo } from '../changes/subscription.js';
import { pollBody } from './poll-body.js';

let feed: FakeFeed;

beforeEach(() => {
  feed = new FakeFeed(flags('b', 'a'));
});

const parsed = (bytes: Buffer) => JSON.parse(bytes.toString()) as PollBody;

describe('The body of a poll', () => {
  it('has the flags in order, the date and the cursor with its tag', () => {
    const cursor = 'epoch001.0.m00000';
    expect(parsed(pollBody(feed.present, subscriptionTo(null)))).toEqual({
      flags: flags('a', 'b'),
      last_modified: '2026-06-01T00:00:00.000Z',
      etag: `W/"${cursor}"`,
      cursor,
    });
  });

  it('has what its filter lets through, under a cursor of that filter', () => {
    const subscription = subscriptionTo(parseFilter(['b']));
    const filtered = parsed(pollBody(feed.present, subscription));
    expect(filtered.flags.map(({ id }) => id)).toEqual(['b']);
    expect(filtered.cursor).toBe(`epoch001.0.m00000.${subscription.filterHash}`);
  });
});
