import assert from 'node:assert/strict';
import { metric } from '../../e2e/support/metrics.js';
import { RawStream } from '../../e2e/support/raw-stream.js';
import { requestText, type RequestParts } from '../../support/raw-http.js';
import { eventually } from '../../support/wait.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

function get(work: Workspace, path: string, more: Partial<RequestParts> = {}): RequestParts {
  return { path, headers: { 'X-API-Key': work.key.key }, ...more };
}

export const streamFraming: readonly Check[] = [
  {
    sentence: 'An HTTP/1.0 client gets its stream without the sizes of chunks in it',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('a');
      const raw = new RawStream(await bench.raw({ port: work.server.port }));
      const head = await raw.open(get(work, '/sdk/stream', { version: '1.0' }));
      assert.deepEqual([head.status, head.headers.get('transfer-encoding')], [200, undefined]);
      await raw.sync();
      await raw.reach(await work.edit('a', { status: 'disabled' }));
      raw.assertInOrder();
      assert.equal(raw.client.chunks, 0);
      return `${raw.messages.length} messages, ${raw.client.chunks} chunks, at ${raw.checker.cursor}`;
    },
  },
  {
    sentence: 'Two streams pipelined on one connection: the second waits for the end of the first, and no other stream notices',
    async run(bench) {
      const work = await bench.workspace();
      await work.flag('a');
      const other = await work.stream();
      const doomed = await work.makeKey();
      const client = await bench.raw({ port: work.server.port });
      const requests = [get(work, '/sdk/stream', { headers: { 'X-API-Key': doomed.key } }), get(work, '/sdk/stream')];
      await client.send(requests.map((request) => requestText(request)).join(''));
      const first = new RawStream(client);
      assert.equal((await first.readHead()).status, 200);
      await first.sync();
      let cursor = '';
      for (const status of ['disabled', 'enabled', 'deprecated'] as const) cursor = await work.edit('a', { status });
      await first.reach(cursor);
      await other.waitForCursor(cursor, PATIENCE_MS);
      await work.admin.revokeKey('live', doomed.id, work.at);
      assert.equal((await first.readToEnd())?.type, 'Goodbye');
      const second = new RawStream(client);
      assert.equal((await second.readHead()).status, 200);
      await second.sync();
      const last = await work.edit('a', { status: 'enabled' });
      await second.reach(last);
      await other.waitForCursor(last, PATIENCE_MS);
      for (const reader of [first, second, other]) reader.assertInOrder();
      const counts = [first, second].map(({ revisions }) => revisions.length);
      return `${counts.join(' and ')} changes on them, ${other.applied.length} on another connection, now at ${last}`;
    },
  },
  {
    sentence: 'A stream pipelined behind a long poll begins when that is answered, and has all that came meanwhile',
    async run(bench) {
      const work = await bench.workspace();
      const cursor = await work.flag('a');
      const client = await bench.raw({ port: work.server.port });
      const poll = requestText(get(work, `/sdk/poll?since=${cursor}&wait=50`));
      await client.send(poll + requestText(get(work, `/sdk/stream?last_event_id=${cursor}`)));
      const next = await work.edit('a', { status: 'disabled' });
      assert.equal((await client.readHead('GET', PATIENCE_MS)).status, 200);
      assert.equal((JSON.parse((await client.readBody(PATIENCE_MS)).toString()) as { cursor: string }).cursor, next);
      const raw = new RawStream(client, { cursor });
      assert.equal((await raw.readHead()).status, 200);
      await raw.reach(await work.edit('a', { status: 'enabled' }));
      raw.assertInOrder();
      assert.equal(raw.revisions.length, 2);
      return `the poll was answered with ${next}, the stream then had revisions ${raw.revisions.join(' and ')}`;
    },
  },
  {
    sentence: 'HEAD is answered with the head of a stream or a poll, and leaves no stream behind',
    async run(bench) {
      const work = await bench.workspace();
      const open = () => metric(work.server, 'flagwire_connections');
      const before = await open();
      const client = await bench.raw({ port: work.server.port });
      await client.request(get(work, '/sdk/poll', { method: 'HEAD' }));
      const poll = await client.readHead('HEAD', PATIENCE_MS);
      assert.deepEqual([poll.status, poll.headers.get('etag')], [200, `W/"${await work.cursor()}"`]);
      await client.request(get(work, '/sdk/stream', { method: 'HEAD' }));
      const head = await client.readHead('HEAD', PATIENCE_MS);
      assert.equal(head.status, 200);
      assert.match(head.headers.get('content-type') ?? '', /^text\/event-stream/);
      await eventually(async () => assert.equal(await open(), before), { timeoutMs: PATIENCE_MS, what: 'no open stream' });
      return `poll ${poll.status} with ${poll.headers.get('etag')}, stream ${head.status}; ${await open()} streams open as before`;
    },
  },
];
