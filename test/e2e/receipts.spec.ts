import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AdminClient } from '../support/admin-client.js';
import { parseCursor } from '../support/cursor.js';
import { connections, PollWitness, postAck, propagation, StreamWitness, type Witness } from '../support/receipts.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATH = '/api/projects/default/environments/production';
const PATIENCE = { timeoutMs: 20_000 };

describeEachDatabase('Did it arrive?', (database) => {
  const start = useServers();
  const witnesses: Witness[] = [];
  const looking = setInterval(() => witnesses.forEach((witness) => witness.look()), 5);
  let server: TestServer;
  let key: string;
  let on = false;

  async function change(): Promise<number> {
    on = !on;
    const { cursors } = await server.admin.patchEnv('one', 'production', { status: on ? 'enabled' : 'disabled' });
    return parseCursor(cursors['production'] ?? '')!.revision;
  }

  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_NODE_NAME: 'the-node' } });
    await server.admin.createFlag('one');
    key = (await server.admin.createKey('production')).key;
  });
  afterAll(async () => {
    clearInterval(looking);
    await Promise.all(witnesses.map((witness) => witness.close()));
  });

  it('says of an environment without clients that everybody has everything', async () => {
    const revision = await change();
    expect(await propagation(server.admin, revision)).toMatchObject({
      revision,
      complete: true,
      clients: { connected: 0, have: 0, behind: 0, acknowledged: 0, polling: 0 },
      delay_ms: null,
      nodes: [{ node: 'the-node', clients: 0, have: 0, revision: null }],
      missing: [],
    });
    expect(await connections(server.admin)).toMatchObject({ total: 0, transports: {}, missing: [] });
    expect((await propagation(server.admin, 0)).committed_at).toBeNull();
  });

  it('counts clients of every transport, and only those who were there as having waited', async () => {
    for (const kind of ['sse', 'websocket', 'socket.io'] as const) {
      witnesses.push(await StreamWitness.connect(kind, { url: server.url, key, client: 'app/1' }));
    }
    witnesses.push(new PollWitness({ url: server.url, key }, 'poller-1'));
    await eventually(async () => expect((await connections(server.admin)).total).toBe(4), PATIENCE);
    const revision = await change();
    await eventually(async () => {
      const { clients, delay_ms, complete } = await propagation(server.admin, revision);
      expect(clients).toEqual({ connected: 4, have: 4, behind: 0, acknowledged: 4, polling: 1 });
      expect(delay_ms?.clients).toBe(4);
      expect(complete).toBe(true);
    }, PATIENCE);
    // Who comes now has it, and did not wait for it.
    witnesses.push(await StreamWitness.connect('websocket', { url: server.url, key }));
    await eventually(async () => {
      const { clients, delay_ms } = await propagation(server.admin, revision);
      expect([clients.have, delay_ms?.clients]).toEqual([5, 4]);
    }, PATIENCE);
  });

  it('does not know a revision that is not there yet, nor what is no revision', async () => {
    const next = (await change()) + 1;
    expect(await server.admin.request('GET', `${PATH}/changes/${next}/propagation`)).toMatchObject({
      status: 404,
      body: { code: 'revision_not_found' },
    });
    for (const text of ['-1', '1.5', 'latest', '99999999999999999999']) {
      expect(await server.admin.request('GET', `${PATH}/changes/${text}/propagation`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_input', errors: [{ path: 'revision' }] },
      });
    }
  });

  it('is open to every role inside its scope, and to no SDK key', async () => {
    await server.admin.createProject('other');
    const token = async (fields: object) => {
      const { body } = await server.admin.call<{ token: string }>('POST', '/api/tokens', {
        name: 't',
        role: 'viewer',
        ...fields,
      });
      return new AdminClient(server.url, body.token);
    };
    const revision = await change();
    const clients: [AdminClient, number][] = [
      [await token({}), 200],
      [await token({ project: 'default' }), 200],
      [await token({ project: 'other' }), 403],
      [new AdminClient(server.url, key), 401],
      [new AdminClient(server.url, (await server.admin.createKey('production', 'client')).key), 401],
      [new AdminClient(server.url, null), 401],
    ];
    for (const [client, status] of clients) {
      for (const path of [`${PATH}/changes/${revision}/propagation`, `${PATH}/connections`]) {
        expect((await client.request('GET', path)).status).toBe(status);
      }
    }
  });

  it('takes acknowledgements of server keys alone, and refuses what is none', async () => {
    const receipt = { connection_id: 'nobody', id: 'none' };
    const client = (await server.admin.createKey('production', 'client')).key;
    expect(await postAck(server.url, key, receipt)).toBe(204);
    expect(await postAck(server.url, client, receipt)).toBe(403);
    expect(await postAck(server.url, null, receipt)).toBe(401);
    for (const more of [{ waited_ms: -1 }, { id: '' }, { connection_id: 'x'.repeat(65) }, { surplus: 1 }]) {
      expect(await postAck(server.url, key, { ...receipt, ...more })).toBe(400);
    }
  });
});
