import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EtagPoller, PollRefused, SincePoller } from './poll-client.js';

const at = (revision: number): string => `k3x9q0ab.${revision}.mark0${revision}`;
const metadata = {
  ...{ version: 1, created_at: '2026-11-23T17:52:10.123Z', updated_at: '2026-11-23T17:52:10.123Z' },
  ...{ tags: [], owner: null, critical: false },
};
const flag = {
  ...{ id: 'a', name: 'a', description: '', status: 'enabled', value_type: 'boolean', variants: { on: true } },
  ...{ default_variant: 'on', targeting: {}, metadata },
};

let server: Server | undefined;

async function listen(answer: RequestListener): Promise<string> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

afterEach(() => {
  server?.close();
});

describe('EtagPoller', () => {
  const serve = (cursor: () => string): RequestListener => {
    return (request, response) => {
      const etag = `W/"${cursor()}"`;
      response.setHeader('ETag', etag);
      if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
      return void response.end(JSON.stringify({ flags: [flag], last_modified: '', etag, cursor: cursor() }));
    };
  };

  it('keeps the tag, and tells a change from none', async () => {
    let cursor = at(3);
    const poller = new EtagPoller({ url: await listen(serve(() => cursor)), key: 'k' });
    const changes = [await poller.poll(), await poller.poll()];
    cursor = at(4);
    changes.push(await poller.poll());
    expect([changes, poller.cursor, poller.state.size]).toEqual([[true, false, true], at(4), 1]);
  });

  it('throws where an answer goes backwards', async () => {
    let cursor = at(3);
    const poller = new EtagPoller({ url: await listen(serve(() => cursor)), key: 'k' });
    await poller.poll();
    cursor = at(2);
    await expect(poller.poll()).rejects.toThrow(`went backwards from ${at(3)} to ${at(2)}`);
  });

  it('throws refusals', async () => {
    const url = await listen((_request, response) => response.writeHead(503).end('later'));
    await expect(new EtagPoller({ url }).poll()).rejects.toThrow(PollRefused);
  });
});

describe('SincePoller', () => {
  it('starts with a full answer and applies change sets after it', async () => {
    const asked: (string | undefined)[] = [];
    const change = { old_status: 'enabled', new_status: 'disabled', updated_at: '2026-11-23T17:52:11.000Z' };
    const bodies = [
      { mode: 'full', events: [{ type: 'FlagUpdated', data: flag, id: 'none' }], cursor: at(3) },
      {
        mode: 'delta',
        events: [{ type: 'FlagStatusChanged', data: { flag_id: 'a', version: 2, ...change }, id: at(4) }],
        cursor: at(4),
      },
      { mode: 'delta', events: [], cursor: at(4) },
    ];
    const url = await listen((request, response) => {
      asked.push(request.url);
      response.end(JSON.stringify(bodies.shift()));
    });
    const poller = new SincePoller({ url, key: 'k' });
    for (let count = 0; count < 3; count += 1) await poller.poll({ wait: 5 });
    poller.assertInOrder();
    expect(asked).toEqual(['none', at(3), at(4)].map((since) => `/sdk/poll?since=${since}&wait=5`));
    expect(poller.state.get('a')?.status).toBe('disabled');
    expect([poller.counts, poller.applied.length]).toEqual([{ full: 1, delta: 2 }, 1]);
  });
});
