import assert from 'node:assert/strict';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type DeltaBody, type PollBody } from '../../support/poll-client.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';

export const polls: readonly Check[] = [
  {
    sentence: 'A poll answers 304 to its own tag until something changes, by header or query, weak or in a list',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('a');
      const whole = await work.poll();
      const { etag, cursor, flags } = whole.json() as PollBody;
      assert.deepEqual([whole.status, whole.header('etag'), etag, flags.length], [200, etag, `W/"${cursor}"`, 1]);
      const tags = [etag, `"${cursor}"`, `"other", ${etag}`, '*'];
      const statuses = await Promise.all(tags.map(async (tag) => (await work.poll('', { 'If-None-Match': tag })).status));
      const asked = await work.poll(`?if_none_match=${encodeURIComponent(cursor)}`);
      assert.deepEqual([...statuses, asked.status, asked.bytes.length], [304, 304, 304, 304, 304, 0]);
      assert.equal(asked.header('etag'), etag);
      await work.edit('a', { status: 'disabled' });
      const changed = await work.poll('', { 'If-None-Match': etag });
      assert.equal(changed.status, 200);
      return `${etag}: 304 in 5 of 5 forms, after a change 200 with ${changed.header('etag')}`;
    },
  },
  {
    sentence: 'since= answers with the events after a cursor, and with an empty list at the head',
    async run(bench) {
      const work = await bench.workspace();
      const poller = work.since();
      await work.flag('a');
      assert.equal((await poller.poll()).mode, 'full');
      await work.edit('a', { status: 'disabled' });
      await work.flag('b');
      await work.admin.archive('a', work.at);
      const delta = await poller.poll();
      const types = delta.events.map(({ type }) => type);
      assert.deepEqual([delta.mode, ...types], ['delta', 'FlagStatusChanged', 'FlagCreated', 'FlagDeleted']);
      const empty = await work.poll(`?since=${poller.cursor}`, { 'If-None-Match': '*' });
      assert.deepEqual([empty.status, (empty.json() as DeltaBody).events.length], [200, 0]);
      assert.equal(empty.header('cache-control'), 'no-store');
      poller.assertInOrder();
      assert.deepEqual([...poller.state.keys()], ['b']);
      return `${types.join(', ')}; then 200 with 0 events at ${poller.cursor}`;
    },
  },
  {
    sentence: 'wait= holds the answer until there is news; without news it ends in time, with 304 or an empty list',
    async run(bench) {
      const work = await bench.workspace();
      const cursor = await work.flag('a');
      const etag = { 'If-None-Match': `W/"${cursor}"` };
      const [quietTag, quietDelta] = await Promise.all([work.poll('?wait=1', etag), work.poll(`?since=${cursor}&wait=1`)]);
      assert.deepEqual([quietTag.status, quietDelta.status], [304, 200]);
      assert.deepEqual((quietDelta.json() as DeltaBody).events, []);
      const waiting = Promise.all([work.poll('?wait=50', etag), work.poll(`?since=${cursor}&wait=50`)]);
      const next = await work.edit('a', { status: 'disabled' });
      const [byTag, byCursor] = await waiting;
      assert.deepEqual([byTag.status, byTag.header('etag')], [200, `W/"${next}"`]);
      assert.equal((byCursor.json() as DeltaBody).cursor, next);
      const wrong = await Promise.all(['0', '56', '1.5', 'x'].map(async (wait) => (await work.poll(`?wait=${wait}`)).status));
      assert.deepEqual(wrong, [400, 400, 400, 400]);
      return `quiet: 304 and 0 events after 1 s; changed: both at ${next} before 50 s; wait=0, 56, 1.5, x: 400`;
    },
  },
  {
    sentence: 'A filter on since= and wait= waits for its own flags only',
    async run(bench) {
      const work = await bench.workspace();
      for (const id of ['mine', 'other']) await work.flag(id);
      const { cursor } = (await work.poll('?since=none&flags=mine')).json() as DeltaBody;
      const waiting = work.poll(`?since=${cursor}&flags=mine&wait=50`);
      await work.edit('other', { status: 'disabled' });
      const next = await work.edit('mine', { status: 'disabled' });
      const { events, cursor: reached } = (await waiting).json() as DeltaBody;
      assert.equal(reached.startsWith(next), true, `${reached} and not ${next}`);
      assert.deepEqual(
        events.map(({ type }) => type),
        ['FlagStatusChanged'],
      );
      return `from ${cursor} to ${reached} with ${events.length} event`;
    },
  },
  {
    sentence: 'Dates: 304 for exactly the date of the last change, 200 for any other, and a tag beats them',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('a');
      const dated = await eventually(
        async () => {
          const answer = await work.poll();
          assert.ok(answer.header('last-modified'));
          return answer;
        },
        { timeoutMs: PATIENCE_MS, what: 'Last-Modified' },
      );
      const date = dated.header('last-modified') ?? '';
      const { last_modified: stamp, etag } = dated.json() as PollBody;
      assert.equal(Date.parse(date), Date.parse(stamp));
      const later = new Date(Date.parse(date) + 60_000).toUTCString();
      const status = async (query: string, headers: Record<string, string> = {}) => (await work.poll(query, headers)).status;
      const seen = [
        await status('', { 'If-Modified-Since': date }),
        await status(`?if_modified_since=${encodeURIComponent(stamp)}`),
        await status('', { 'If-Modified-Since': later }),
        await status('', { 'If-Modified-Since': date, 'If-None-Match': '"other"' }),
        await status('', { 'If-Modified-Since': later, 'If-None-Match': etag }),
      ];
      assert.deepEqual(seen, [304, 304, 200, 200, 304]);
      return `${date}: 304, as ${stamp} too; ${later}: 200; with another tag 200`;
    },
  },
  {
    sentence: 'Bodies come compressed by br and gzip, with the same tag and the same content',
    async run(bench) {
      const work = await bench.workspace();
      for (let flag = 0; flag < 20; flag += 1)
        await work.flag(`flag-${flag}`, { description: 'the same text again '.repeat(20) });
      const plain = await work.poll();
      const sizes: string[] = [];
      for (const [coding, decode] of [
        ['br', brotliDecompressSync],
        ['gzip', gunzipSync],
      ] as const) {
        const packed = await eventually(
          async () => {
            const answer = await work.poll('', { 'Accept-Encoding': coding });
            assert.equal(answer.header('content-encoding'), coding);
            return answer;
          },
          { timeoutMs: PATIENCE_MS, what: `an answer in ${coding}` },
        );
        assert.equal(decode(packed.bytes).toString(), plain.text);
        assert.equal(packed.header('etag'), plain.header('etag'));
        assert.match(packed.header('vary') ?? '', /Accept-Encoding/i);
        sizes.push(`${coding} ${packed.bytes.length}`);
      }
      return `${plain.bytes.length} bytes plain, ${sizes.join(', ')}; ${plain.header('etag')}`;
    },
  },
];
