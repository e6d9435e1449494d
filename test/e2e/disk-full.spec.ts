import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type AdminAnswer } from '../support/admin-client.js';
import { projectRoot } from '../support/project-root.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { everything } from './support/hostile.js';
import { metric } from './support/metrics.js';

const preload = pathToFileURL(join(projectRoot(), 'test/e2e/support/full-disk.mjs')).href;
/** Larger than the free room inside of any page. */
const LARGE = 'x'.repeat(60_000);

describe('a disk that is full (SQLite)', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let stream: SseProbe;

  beforeAll(async () => {
    server = await start({ nodeArgs: ['--import', preload] });
    ({ key } = await server.admin.createKey('production'));
    await server.admin.createFlag('right');
    stream = await SseProbe.connect({ url: server.url, key });
    await stream.waitForSync();
  });

  async function turn(said: string): Promise<void> {
    server.signal('SIGUSR2');
    await eventually(() => server.stderr().trimEnd().endsWith(said), { what: said });
  }

  function large(id: string): Promise<AdminAnswer> {
    const flag = { id, name: id, value_type: 'string', variants: { on: LARGE } };
    return server.admin.request('POST', '/api/projects/default/flags', flag);
  }

  it('refuses writes with 507, whole, and the server lives and serves; with room it writes again', async () => {
    const before = await everything(server.admin);
    await turn('the disk is full');
    for (let times = 0; times < 5; times += 1) {
      const answer = await large(`large-${times}`);
      expect(answer).toMatchObject({ status: 507, body: { code: 'storage_full' } });
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
    const changes = [{ flag: 'right', targeting: { if: [{ in: [LARGE, { var: 'text' }] }, 'on', 'off'] } }];
    const set = await server.admin.request('POST', '/api/projects/default/environments/production/change-sets', { changes });
    expect(set).toMatchObject({ status: 507, body: { code: 'storage_full' } });

    // Exports are noted in the audit trail: what is compared is read when there is room again.
    expect((await server.admin.as(key).request('GET', '/sdk/poll')).status).toBe(200);
    expect((await server.admin.getFlag('right')).status).toBe(200);
    expect((await server.admin.request('GET', '/health/ready')).status).toBe(200);
    const late = await SseProbe.connect({ url: server.url, key });
    await late.waitForSync();
    await late.close();
    expect(await metric(server, 'flagwire_refused_requests_total')).toBeGreaterThanOrEqual(6);

    await turn('the disk has room');
    expect(await everything(server.admin)).toEqual(before);
    expect((await large('large-0')).status).toBe(201);
    const { cursors } = await server.admin.patchFlag('right', { name: 'Room again' });
    await stream.waitForCursor(String(cursors['production']));
    stream.assertInOrder();
    await stream.close();
  });
});
