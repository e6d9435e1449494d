import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminAnswer } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { knock } from './support/knock.js';

const start = useServers();
let server: TestServer;

beforeAll(async () => {
  server = await start({ env: { FLAGWIRE_TRUST_PROXY: '1' } });
});

function ask(text: string, address: string, node = server): Promise<AdminAnswer> {
  return node.admin.as(text).request('POST', '/sdk/ticket', {}, { 'X-Forwarded-For': address });
}

async function askTimes(count: number, text: string, address: string, node = server): Promise<number[]> {
  const statuses: number[] = [];
  for (let turn = 0; turn < count; turn += 1) statuses.push((await ask(text, address, node)).status);
  return statuses;
}

const TEN = Array.from({ length: 10 }, () => 200);

describe('tickets for one key and address', () => {
  it('are ten a minute; then 429 says when to come back', async () => {
    const { key } = await server.admin.createKey('production');
    expect(await askTimes(10, key, '192.0.2.1')).toEqual(TEN);
    const answer = await ask(key, '192.0.2.1');
    expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const wait = Number(answer.headers['retry-after']);
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(60);
  });

  it('do not use up those of another address or of another key', async () => {
    const { key: other } = await server.admin.createKey('production');
    const { key: third } = await server.admin.createKey('production');
    expect(await askTimes(11, other, '192.0.2.1')).toEqual([...TEN, 429]);
    expect(await askTimes(1, other, '192.0.2.2')).toEqual([200]);
    expect(await askTimes(1, third, '192.0.2.1')).toEqual([200]);
  });

  it('do not count streams, however many are opened with one of them', async () => {
    const { key: text } = await server.admin.createKey('production');
    const { ticket } = (await ask(text, '192.0.2.3')).body as { ticket: string };
    for (let turn = 0; turn < 15; turn += 1) {
      expect(await knock('/sdk/stream', { url: server.url, ticket })).toMatchObject({ status: 200 });
    }
  });

  it('are not got round by an invented address where no proxy is trusted', async () => {
    const node = await start();
    const { key: text } = await node.admin.createKey('production');
    expect(await askTimes(10, text, '192.0.2.1', node)).toEqual(TEN);
    expect(await askTimes(1, text, '192.0.2.99', node)).toEqual([429]);
  });
});
