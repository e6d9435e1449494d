import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { formatCursor } from '@flagwire/protocol/sync';
import { FakeClock } from '../common/clock.fake.js';
import { Gate } from '../common/gate.js';
import { FakeFeed, flags, updated } from './change-feed.fake.js';
import { type EnvironmentReplica } from './environment-replica.js';
import { RevisionBody } from './revision-body.js';

/** Counts builds, and keeps them waiting where it is told to. */
class CountingGate extends Gate {
  begun = 0;
  held: Promise<void> = Promise.resolve();

  override run<T>(task: () => Promise<T>): Promise<T> {
    this.begun += 1;
    return super.run(async () => {
      await this.held;
      return task();
    });
  }
}

const made = (replica: EnvironmentReplica) =>
  Buffer.from(
    JSON.stringify({ cursor: formatCursor(replica.head, null), flags: replica.flags(null).map(({ definition }) => definition) }),
  );

let feed: FakeFeed;
let clock: FakeClock;
let builds: CountingGate;
let body: RevisionBody;

beforeEach(() => {
  feed = new FakeFeed(flags('b', 'a'));
  clock = new FakeClock();
  builds = new CountingGate(1);
  body = new RevisionBody(feed.present, made, builds, () => clock.monotonic());
});

const parsed = (bytes: Buffer) => JSON.parse(bytes.toString()) as { cursor: string; flags: object[] };
/** Asks until the coding is there. */
async function ready(coding: 'br' | 'gzip'): Promise<Buffer> {
  for (;;) {
    const answer = body.body(coding);
    if (answer.coding === coding) return answer.bytes;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('The body of a revision', () => {
  it('is sent as it is until a coding is built, and in it from then on', async () => {
    expect(body.body('br').coding).toBeNull();
    const identity = body.body(null).bytes;
    expect(brotliDecompressSync(await ready('br')).equals(identity)).toBe(true);
    expect(gunzipSync(await ready('gzip')).equals(identity)).toBe(true);
    expect(body.body(null)).toEqual({ bytes: identity, coding: null });
  });

  it('is the same bytes for all, made once for each revision', async () => {
    expect(body.body(null).bytes).toBe(body.body(null).bytes);
    const coded = await ready('br');
    clock.time += 60_000;
    expect(body.body('br').bytes).toBe(coded);
    expect(builds.begun).toBe(2);
  });

  it('is new with each revision, in no coding at first', async () => {
    await ready('br');
    feed.commit(updated('a', 2, 'news'));
    const answer = body.body('br');
    expect(answer.coding).toBeNull();
    expect(parsed(answer.bytes)).toMatchObject({ cursor: 'epoch001.1.m00001', flags: [{ description: 'news' }, {}] });
  });

  it('is built at most once a second, while changes come fast', async () => {
    await ready('br');
    for (let version = 2; version < 12; version++) {
      clock.time += 99;
      feed.commit(updated('a', version));
      expect(body.body('br').coding).toBeNull();
    }
    expect(builds.begun).toBe(2);
    clock.time += 10;
    await ready('br');
    expect(builds.begun).toBe(4);
  });

  it('is built once for each revision, however long that takes', async () => {
    let release: () => void = () => undefined;
    builds.held = new Promise((resolve) => (release = resolve));
    for (let second = 0; second < 10; second++) {
      body.body('br');
      clock.time += 1000;
    }
    expect(builds.begun).toBe(2);
    release();
    await ready('gzip');
  });

  it('is never that of an older revision, though its build ends late', async () => {
    let release: () => void = () => undefined;
    builds.held = new Promise((resolve) => (release = resolve));
    body.body('br');
    feed.commit(updated('a', 2));
    release();
    clock.time += 1000;
    expect(parsed(brotliDecompressSync(await ready('br'))).cursor).toBe('epoch001.1.m00001');
  });
});
