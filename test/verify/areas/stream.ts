import assert from 'node:assert/strict';
import { filterHash, parseCursor } from '../../support/cursor.js';
import { flagOf, isFlagEvent } from '../../support/wire-types.js';
import { within } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';

export const stream: readonly Check[] = [
  {
    sentence: 'A stream without a cursor begins with every flag, and each change follows with the next cursor',
    async run(bench) {
      const work = await bench.workspace();
      for (const id of ['a', 'b', 'c']) await work.flag(id);
      const probe = await work.stream();
      assert.deepEqual(
        probe.messages.slice(0, 5).map(({ type }) => type),
        [...['SyncStarted', 'FlagUpdated', 'FlagUpdated', 'FlagUpdated', 'SyncComplete']],
      );
      assert.deepEqual(
        probe.messages.slice(0, 4).map(({ id }) => id),
        ['none', 'none', 'none', 'none'],
      );
      const cursor = await work.edit('b', { status: 'disabled' });
      await probe.waitForCursor(cursor, PATIENCE_MS);
      assert.equal(probe.state.get('b')?.status, 'disabled');
      probe.assertInOrder();
      const { data } = probe.messages.find(({ type }) => type === 'FlagStatusChanged') ?? {};
      return `full sync of ${probe.state.size}, then ${cursor} ${JSON.stringify(data)}`;
    },
  },
  {
    sentence: 'Its head is that of an event stream no proxy may hold back, its first block has id and retry',
    async run(bench) {
      const work = await bench.workspace();
      const { headers, blocks, retry = 0 } = await work.stream();
      assert.match(String(headers['content-type']), /^text\/event-stream/);
      assert.match(String(headers['cache-control']), /no-cache/);
      assert.match(String(headers['cache-control']), /no-transform/);
      assert.equal(headers['x-accel-buffering'], 'no');
      assert.deepEqual(blocks[0]?.fields.map(([name]) => name).sort(), ['id', 'retry']);
      assert.ok(retry >= 1000 && retry <= 5000, String(retry));
      return `${headers['content-type']}; ${headers['cache-control']}; X-Accel-Buffering: no; retry: ${retry}`;
    },
  },
  {
    sentence: 'A cursor gets what came after it, by header or query, and only that; the newest gets nothing but says so',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('a');
      const first = await work.stream();
      await first.close();
      for (const status of ['disabled', 'deprecated', 'enabled'] as const) await work.edit('a', { status });
      const head = await work.cursor();
      const seen: string[] = [];
      for (const cursorIn of ['header', 'query'] as const) {
        const probe = await first.reconnect({ cursorIn });
        await probe.waitForSync(PATIENCE_MS);
        assert.equal(probe.messages[0]?.type === 'SyncStarted' && probe.messages[0].data.mode, 'delta');
        assert.equal(probe.applied.length, 3);
        assert.equal(probe.cursor, head);
        probe.assertInOrder();
        const again = await probe.reconnect({ cursorIn });
        await again.waitForSync(PATIENCE_MS);
        assert.deepEqual(
          again.messages.slice(0, 2).map(({ type }) => type),
          ['SyncStarted', 'SyncComplete'],
        );
        assert.deepEqual(again.state, probe.state);
        again.assertInOrder();
        await Promise.all([probe.close(), again.close()]);
        seen.push(`${cursorIn}: ${probe.applied.length} sets, then ${again.applied.length}`);
      }
      return `${first.cursor} to ${head}; ${seen.join('; ')}`;
    },
  },
  {
    sentence: 'A filter by ids and prefixes lets only those flags through, and has a cursor of its own',
    async run(bench) {
      const work = await bench.workspace();
      const flags = ['checkout.*', 'search'];
      for (const id of ['checkout.a', 'search', 'other']) await work.flag(id);
      const probe = await work.stream({ flags });
      assert.deepEqual([...probe.state.keys()].sort(), ['checkout.a', 'search']);
      await work.changeSet(['checkout.a', 'other'].map((flag) => ({ flag, status: 'disabled' })));
      await work.edit('other', { status: 'enabled' });
      const cursor = await work.flag('checkout.b');
      await probe.waitForCursor(cursor, PATIENCE_MS);
      assert.deepEqual([...probe.state.keys()].sort(), ['checkout.a', 'checkout.b', 'search']);
      const sent = probe.messages.filter(isFlagEvent).map(flagOf);
      assert.ok(!sent.includes('other'), sent.join(' '));
      assert.equal(parseCursor(probe.cursor)?.filter, filterHash(flags));
      probe.assertInOrder();
      return `${flags.join(',')}: ${sent.slice(2).join(', ')}; at ${probe.cursor}`;
    },
  },
  {
    sentence: 'Pings and heartbeats come, and a heartbeat repeats the cursor',
    async run(bench) {
      const work = await bench.workspace();
      const cursor = await work.flag('a');
      const probe = await work.stream();
      const beat = await probe.waitFor(({ type }) => type === 'Heartbeat', PATIENCE_MS);
      assert.ok(beat.type === 'Heartbeat' && Math.abs(beat.data.timestamp - Date.now() / 1000) < 60);
      assert.equal(beat.id, cursor);
      await probe.waitFor(({ type, at }) => type === 'Heartbeat' && at > beat.at, PATIENCE_MS);
      assert.ok(
        probe.comments.some((comment) => comment.trim() === 'ping'),
        probe.comments.join(),
      );
      probe.assertInOrder();
      return `${JSON.stringify(beat.data)} at ${beat.id}; ${probe.comments.length} pings`;
    },
  },
  {
    sentence: 'A server that stops says Goodbye with a delay to come back after, and ends with exit code 0; the cursor resumes',
    async run(bench) {
      const server = await bench.restartable();
      const work = await bench.workspace(server);
      await work.flag('a');
      const probes = [await work.stream(), await work.stream()];
      const { code } = await server.stop();
      await within(Promise.all(probes.map(({ closed }) => closed)), PATIENCE_MS, 'the end of the streams');
      for (const probe of probes) {
        assert.equal(probe.goodbye?.reason, 'shutdown');
        assert.equal(probe.retry, probe.goodbye?.retry_after_ms);
        probe.assertInOrder();
      }
      assert.equal(code, 0);
      await server.restart();
      const back = await probes[0]?.reconnect();
      await back?.waitForSync(PATIENCE_MS);
      await back?.close();
      assert.deepEqual(
        back?.messages.slice(0, 2).map(({ type }) => type),
        ['SyncStarted', 'SyncComplete'],
      );
      return `${JSON.stringify(probes.map(({ goodbye }) => goodbye))}, exit code ${code}, resumed at ${back?.cursor}`;
    },
  },
  {
    sentence: 'A deleted environment says Goodbye for good',
    async run(bench) {
      const work = await bench.workspace();
      const probe = await work.stream();
      await work.admin.deleteEnvironment('live', work.at);
      await within(probe.closed, PATIENCE_MS, 'the end of the stream');
      assert.deepEqual(probe.goodbye, { reason: 'environment_deleted', retry_after_ms: null });
      return JSON.stringify(probe.goodbye);
    },
  },
];
