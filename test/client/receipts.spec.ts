import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlagSyncClient } from '@flagwire/client';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CLIENT } from '../../packages/client/src/client-name.js';
import { parseCursor } from '../support/cursor.js';
import { httpRequest } from '../support/http-request.js';
import { projectRoot } from '../support/project-root.js';
import { propagation } from '../support/receipts.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { transports } from './support/transports.js';

/** The hour of a ticket. */
const TICKET_TTL_S = 8;
const PATIENCE = { timeoutMs: 20_000 };

describe('What the SDK has applied', () => {
  const start = useServers();
  const open: FlagSyncClient[] = [];
  let server: TestServer;
  let key: string;
  let on = false;

  beforeAll(async () => {
    server = await start({ env: { FLAGWIRE_TICKET_TTL_S: String(TICKET_TTL_S), FLAGWIRE_TICKETS_PER_MINUTE: '100' } });
    await server.admin.createFlag('one');
    ({ key } = await server.admin.createKey('production'));
  });
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

  async function ticket(): Promise<{ ticket: string; expires_in: number }> {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    return (await httpRequest(`${server.url}/sdk/ticket`, { method: 'POST', headers, body: '{}' })).json() as never;
  }

  async function connectAll(client?: string): Promise<void> {
    const own = client === undefined ? {} : { client };
    const clients = transports.map(([, kind, make]) => {
      const credential = kind === 'key' ? { sdkKey: key } : { ticket };
      return new FlagSyncClient({ url: server.url, ...credential, ...own, transports: (site) => [make(site)] });
    });
    open.push(...clients);
    await Promise.all(clients.map((each) => each.ready({ timeout_ms: 20_000 })));
  }

  async function change(): Promise<number> {
    on = !on;
    const { cursors } = await server.admin.patchEnv('one', 'production', { status: on ? 'enabled' : 'disabled' });
    return parseCursor(cursors['production'] ?? '')!.revision;
  }

  it('is known to the server, over every transport, also when the ticket that opened a stream has ended', async () => {
    await connectAll();
    await new Promise((resolve) => setTimeout(resolve, TICKET_TTL_S * 1000 + 100));
    const revision = await change();
    const others = transports.filter(([name]) => name !== 'poll').length;
    await eventually(async () => {
      const { clients, delay_ms } = await propagation(server.admin, revision);
      expect(clients).toMatchObject({ connected: transports.length, acknowledged: clients.have, polling: 2 });
      // The one that polls every half minute comes when it comes.
      expect(clients.have).toBeGreaterThanOrEqual(others);
      expect(delay_ms?.clients).toBeGreaterThanOrEqual(others);
    }, PATIENCE);
  });

  it('is not said of what the program has not got, and names the program where that gave a name', async () => {
    await connectAll('checkout/1.4.2');
    const revision = await change();
    const { behind } = await propagation(server.admin, revision);
    const pollers = behind.filter(({ transport }) => transport === 'polling');
    expect(pollers).toContainEqual(expect.objectContaining({ client: 'checkout', version: '1.4.2' }));
  });

  it('is said by the name and version of the package, where the program gave none', () => {
    const text = readFileSync(join(projectRoot(), 'packages/client/package.json'), 'utf8');
    const manifest = JSON.parse(text) as { name: string; version: string };
    expect(CLIENT).toBe(`${manifest.name}/${manifest.version}`);
  });
});
