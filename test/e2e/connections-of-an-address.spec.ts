import { beforeAll, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { type SyncProbe } from '../support/sync-probe.js';
import { useServers } from '../support/use-servers.js';
import { within } from '../support/wait.js';
import { socketDoors } from './support/socket-doors.js';

interface Visitor {
  address: string;
  ticket?: string;
}

type Enter = (visitor: Visitor) => Promise<SyncProbe>;

/** Every test has addresses of its own: a connection of the one before may still be going. */
const ENV = { FLAGWIRE_TRUST_PROXY: '1', FLAGWIRE_MAX_PER_ADDRESS: '2', FLAGWIRE_TICKETS_PER_MINUTE: '1000' };
const start = useServers();
let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await start({ env: ENV });
  ({ key } = await server.admin.createKey('production'));
});

const request = ({ address, ticket }: Visitor) => ({
  url: server.url,
  headers: { 'X-Forwarded-For': address },
  ...(ticket === undefined ? { key } : { ticket }),
});

const doors: [string, Enter][] = [
  ['stream', (visitor) => SseProbe.connect(request(visitor))],
  ...socketDoors.map(({ name, connect }): [string, Enter] => [name, (visitor) => connect(request(visitor))]),
];

async function newTicket(): Promise<string> {
  const { body } = await server.admin.as(key).call<{ ticket: string }>('POST', '/sdk/ticket', {});
  return body.ticket;
}

describe.each(doors)('By ticket, connections of one address: %s', (name, enter) => {
  const network = `198.51.${doors.findIndex(([door]) => door === name)}`;

  it('are so many; one more is sent away to come back, and who comes from elsewhere has a place', async () => {
    const ticket = await newTicket();
    const [here, elsewhere] = [`${network}.1`, `${network}.2`];
    const served = [await enter({ ticket, address: here }), await enter({ ticket: await newTicket(), address: here })];
    for (const probe of served) await probe.waitForSync(20_000);
    const late = await enter({ ticket, address: here });
    await within(late.closed, 20_000, 'the end of one too many');
    expect(late.goodbye).toEqual({ reason: 'overload', retry_after_ms: expect.any(Number) });
    served.push(await enter({ ticket, address: elsewhere }));
    await served.at(-1)?.waitForSync(20_000);
    for (const probe of served) await probe.close();
  });

  it('have no bound of their own with the key itself, which pages do not have', async () => {
    const served = await Promise.all(['a', 'b', 'c'].map(() => enter({ address: `${network}.3` })));
    for (const probe of served) await probe.waitForSync(20_000);
    expect(served.filter((probe) => probe.goodbye !== undefined)).toEqual([]);
    for (const probe of served) await probe.close();
  });
});

it('Those sent away are in the figures, by the bound that they met', async () => {
  const { body } = await server.admin.call<string>('GET', '/metrics');
  expect(body).toMatch(/^flagwire_refused_connections_total\{limit="address"\} 3$/m);
  expect(body).toMatch(/^flagwire_refused_connections_total\{limit="node"\} 0$/m);
});
