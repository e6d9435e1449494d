import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { parseFilter } from '@flagwire/protocol/sync';
import { Logger } from '@nestjs/common';
import { type Response } from 'express';
import { KeyNodes, type KeyNode } from '../auth/key-nodes.fake.js';
import { ENVIRONMENT, FakeFeed, flags, updated } from '../changes/change-feed.fake.js';
import { Resumption } from '../changes/resumption.js';
import { subscriptionTo } from '../changes/subscription.js';
import { FakeClock } from '../common/clock.fake.js';
import { readConfig } from '../config/config.js';
import { News } from './news.js';
import { PollAnswers } from './poll-answers.js';
import { Ledger } from '../receipts/ledger.js';
import { PollReceipts } from './poll-receipts.js';
import { PollController } from './poll.controller.js';
import { type PollingRequest } from './poll.interceptor.js';
import { type PollRequest } from './poll-request.js';

let feed: FakeFeed;
let node: KeyNode;
let keyId: string;
let news: News;
let response: FakeResponse;

/** What of a response a long poll touches. */
class FakeResponse extends EventEmitter {
  destroyed = false;
  body: Record<string, unknown> | null = null;
  setHeader = () => this;
  end(body: Buffer): void {
    this.body = JSON.parse(body.toString()) as Record<string, unknown>;
  }
}

const nodes = new KeyNodes();

beforeEach(async () => {
  Logger.overrideLogger(false);
  await nodes.open();
  node = nodes.start();
  const { secret, key } = await node.make();
  keyId = key.id;
  await node.knock(secret);
  jest.useFakeTimers();
  feed = new FakeFeed(flags('a', 'b'));
  news = new News(feed, node.ring);
  response = new FakeResponse();
});
afterEach(() => {
  jest.useRealTimers();
  return nodes.close();
});

const poll = (more: Partial<PollRequest> = {}): PollRequest => ({
  instance: null,
  client: null,
  environmentId: ENVIRONMENT.id,
  keyId,
  subscription: subscriptionTo(parseFilter(['a'])),
  conditions: { tags: null, modifiedSince: null },
  since: null,
  waitS: 20,
  ...more,
});

const settle = () => jest.advanceTimersByTimeAsync(0);

/** Waits, and tells whether it is over. */
function wait(wanted: 'any' | 'matching', more: Partial<PollRequest> = {}): { isOver: () => Promise<boolean> } {
  let over = false;
  void news.wait(poll(more), wanted, response as unknown as Response).then(() => (over = true));
  const isOver = async () => {
    await settle();
    return over;
  };
  return { isOver };
}

describe('A long poll', () => {
  it('does not wait where it was not asked to', async () => {
    expect(await wait('any', { waitS: null }).isOver()).toBe(true);
  });

  it('ends with its time', async () => {
    const { isOver } = wait('any');
    await jest.advanceTimersByTimeAsync(19_999);
    expect(await isOver()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await isOver()).toBe(true);
  });

  it('for any change ends with every revision', async () => {
    const { isOver } = wait('any');
    feed.commit(updated('b', 2));
    expect(await isOver()).toBe(true);
  });

  it('for matching changes ends with those that its filter lets through', async () => {
    const { isOver } = wait('matching');
    feed.commit(updated('b', 2));
    expect(await isOver()).toBe(false);
    feed.commit(updated('b', 3), updated('a', 2));
    expect(await isOver()).toBe(true);
  });

  it('ends when the replica is loaded anew', async () => {
    const { isOver } = wait('matching');
    feed.replace('epoch002', flags('z'));
    expect(await isOver()).toBe(true);
  });

  it('ends when its environment is gone', async () => {
    const { isOver } = wait('matching');
    feed.remove();
    expect(await isOver()).toBe(true);
  });

  it('ends when the client leaves', async () => {
    const { isOver } = wait('matching');
    response.emit('close');
    expect(await isOver()).toBe(true);
  });

  it('ends when the server stops', async () => {
    const { isOver } = wait('matching');
    news.answerAll();
    expect(await isOver()).toBe(true);
  });

  // Found by schedule 1916: a poll that came when its key was revoked was held for all of its time.
  it('is not held where its key has died between its check and the waiting', async () => {
    jest.useRealTimers();
    await node.revoke(keyId);
    await node.nextDeath();
    await expect(news.wait(poll(), 'any', response as unknown as Response)).rejects.toMatchObject({ code: 'revoked_key' });
  });

  it('leaves no listener and no timer behind', async () => {
    const timers = jest.getTimerCount();
    wait('matching');
    expect(feed.updates.observed).toBe(true);
    feed.commit(updated('a', 2));
    await settle();
    expect(response.listenerCount('close')).toBe(0);
    expect(jest.getTimerCount()).toBeLessThanOrEqual(timers + 1); // the key ring's own
  });
});

describe('A poll since a cursor', () => {
  const answers = () => new PollAnswers(feed, new FakeClock());
  const receipts = () => new PollReceipts(new Ledger(feed, new FakeClock(), readConfig({})), feed, new FakeClock());
  const ask = (more: Partial<PollRequest>) => {
    const controller = new PollController(new Resumption(feed), news, answers(), receipts());
    const request = { poll: poll({ since: `${feed.head.epoch}.0.m00000`, subscription: subscriptionTo(null), ...more }) };
    return controller.poll(request as PollingRequest, response as unknown as Response);
  };

  it('is answered at once with what it has missed', async () => {
    feed.commit(updated('a', 2), updated('b', 2));
    void ask({});
    await settle();
    expect(response.body).toMatchObject({
      mode: 'delta',
      cursor: 'epoch001.1.m00001',
      events: [
        { type: 'FlagUpdated', id: 'epoch001.0.m00000', more: true },
        { type: 'FlagUpdated', id: 'epoch001.1.m00001' },
      ],
    });
  });

  it('gets an empty list and the new cursor where nothing came that it asks for', async () => {
    const filter = subscriptionTo(parseFilter(['a']));
    void ask({ subscription: filter, since: `epoch001.0.m00000.${filter.filterHash}` });
    await settle();
    feed.commit(updated('b', 2));
    await jest.advanceTimersByTimeAsync(20_000);
    expect(response.body).toEqual({ mode: 'delta', events: [], cursor: `epoch001.1.m00001.${filter.filterHash}` });
  });

  it('gets everything where the cursor cannot be resumed from', async () => {
    void ask({ since: 'rubbish' });
    await settle();
    expect(response.body).toMatchObject({ mode: 'full', cursor: 'epoch001.0.m00000', events: [{ id: 'none' }, { id: 'none' }] });
  });

  it.each(Array.from({ length: 16 }, (_, turns) => turns))(
    'misses no change that comes %i turns after it came',
    async (turns) => {
      void ask({});
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      feed.commit(updated('a', 2));
      await settle();
      expect(response.body).toMatchObject({ cursor: 'epoch001.1.m00001', events: [{ type: 'FlagUpdated' }] });
    },
  );
});
