import { beforeAll, describe, expect, it } from '@jest/globals';
import { TRANSPORTS } from './lines.js';
import { type TestServer } from './server.js';
import { useServers } from './use-servers.js';
import { type Memory, Visitor } from './visitor.js';
import { eventually } from './wait.js';

const LONG = { timeoutMs: 20_000 };

describe('A visitor', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;

  beforeAll(async () => {
    server = await start();
    await server.admin.createFlag('seen');
    ({ key } = await server.admin.createKey('production'));
  });

  function visit(transport: (typeof TRANSPORTS)[number], memory?: Memory): Visitor {
    return new Visitor({ url: server.url, key, transport, flags: ['seen', 'other*'], memory, waitS: 1 });
  }

  it.each(TRANSPORTS)('that comes back by %s to where nothing has changed is in', async (transport) => {
    const first = visit('sse');
    await eventually(() => first.isIn, { ...LONG, what: 'the first sync' });
    const memory = first.end(false);
    const second = visit(transport, memory);
    await eventually(() => second.isIn, { ...LONG, what: `${transport} being in` });
    expect(second.memory).toEqual(memory);
    second.end(false);
    expect(second.checker.violations).toEqual([]);
  });
});
