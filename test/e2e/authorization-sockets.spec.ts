import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { makeWorld, type World } from './support/scopes-world.js';
import { type Frames, socketIoFrames, webSocketFrames } from './support/socket-frames.js';

const DOORS: [name: string, frames: Frames][] = [
  ['WebSocket', webSocketFrames],
  ['Socket.IO', socketIoFrames()],
];

describeEachDatabase('authorization of sockets', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  let world: World;
  beforeAll(async () => {
    server = await start({ database });
    ({ admin } = server);
    world = await makeWorld(admin);
  });

  const keyOf = async (kind: 'server' | 'client', env: string, project: string) =>
    (await admin.createKey(env, kind, {}, { project })).key;

  it.each(DOORS)('%s gives a client key, an admin token and nobody at all not one byte of a flag', async (_, frames) => {
    const { ours, theirs } = world.projects;
    const clients = [await keyOf('client', 'mine', ours), await keyOf('client', 'mine', theirs)];
    const refused = [...clients, server.adminToken, (await admin.createToken('admin')).token];
    const credentials = [...refused.flatMap((text) => [{ key: text }, { ticket: text }]), {}];
    for (const credential of credentials) {
      const text = await frames(server.url, credential);
      expect(text).not.toMatch(/mark-|SyncStarted|targeting|variants/);
      expect(text).toMatch(/"refused"|closed 44\d\d/);
    }
  });

  it.each(DOORS)(
    '%s shows a server key and its ticket what is in their environment, and nothing of another',
    async (_, frames) => {
      const key = await keyOf('server', 'mine', world.projects.ours);
      const { ticket } = (await admin.as(key).call<{ ticket: string }>('POST', '/sdk/ticket', {})).body;
      for (const credential of [{ key }, { ticket }]) {
        const text = await frames(server.url, credential);
        expect(text).toContain('mark-ours-flag');
        expect(text).not.toMatch(/mark-theirs|mark-ours-other/);
      }
    },
  );

  it('lets nobody into another namespace of Socket.IO, with whatever key', async () => {
    const key = await keyOf('server', 'mine', world.projects.ours);
    for (const namespace of ['', '/', '/admin', '/sdk2', '/api']) {
      for (const credential of [{ key }, {}]) {
        const text = await socketIoFrames(namespace)(server.url, credential);
        expect(text).toContain('refused');
        expect(text).not.toMatch(/mark-/);
      }
    }
  });
});
