import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { metric } from '../../e2e/support/metrics.js';
import { makeCertificates } from '../../support/certs.js';
import { freshDatabase } from '../../support/fresh-database.js';
import { httpRequest } from '../../support/http-request.js';
import { type TestServer } from '../../support/server.js';
import { listensToPostgres } from '../../support/tcp-proxy.js';
import { eventually } from '../../support/wait.js';
import { type Bench } from '../bench.js';
import { type Check } from '../check.js';
import { withPostgres } from '../database.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

const WAKE_UPS = 'flagwire_wake_ups_total';
const BOTH = ['disabled', 'enabled'] as const;

/** Four changes through the workspace's node, the last one's cursor. */
async function change(work: Workspace): Promise<string> {
  let cursor = '';
  for (const status of [...BOTH, ...BOTH]) cursor = await work.edit('a', { status });
  return cursor;
}

/** A workspace on the shared node, and the node beside it. */
async function twoNodes(bench: Bench): Promise<{ second: TestServer; work: Workspace }> {
  const second = await bench.lab.server('second', 'postgres');
  const work = await bench.workspace();
  await work.flag('a');
  return { second, work };
}

export const postgres: readonly Check[] = [
  {
    sentence: 'A change on one node wakes the other up, and reaches its streams and polls; a client moves between them',
    on: 'postgres',
    async run(bench) {
      const { second, work } = await twoNodes(bench);
      const probe = await work.stream({ url: second.url });
      const before = await metric(second, WAKE_UPS);
      const cursor = await change(work);
      await probe.waitForCursor(cursor, PATIENCE_MS);
      await eventually(async () => (await metric(second, WAKE_UPS)) > before, { timeoutMs: PATIENCE_MS, what: 'a wake-up' });
      const woken = (await metric(second, WAKE_UPS)) - before;
      const polled = await httpRequest(`${second.url}/sdk/poll`, { headers: { 'X-API-Key': work.key.key } });
      assert.equal(polled.header('etag'), `W/"${cursor}"`);
      await probe.close();
      const moved = await probe.reconnect({ url: work.server.url });
      await moved.waitForSync(PATIENCE_MS);
      await moved.close();
      assert.deepEqual(
        moved.messages.slice(0, 2).map(({ type }) => type),
        ['SyncStarted', 'SyncComplete'],
      );
      probe.assertInOrder();
      return `${WAKE_UPS} +${woken} for 4 changes; both nodes have the tag W/"${cursor}"`;
    },
  },
  {
    sentence: 'With NOTIFY cut off the tail delivers, while the count of wake-ups stands still',
    on: 'postgres',
    async run(bench) {
      const { second, work } = await twoNodes(bench);
      const proxy = await bench.lab.listenProxy();
      bench.defer(() => {
        proxy.stopDropping();
        proxy.resetAll();
      });
      const probe = await work.stream({ url: second.url });
      proxy.dropServerBytes(listensToPostgres);
      const before = await metric(second, WAKE_UPS);
      const cursor = await change(work);
      await probe.waitForCursor(cursor, PATIENCE_MS);
      assert.equal(await metric(second, WAKE_UPS), before);
      const dropped = proxy.connections.reduce((sum, { toClient }) => sum + toClient.dropped, 0);
      assert.ok(dropped > 0, 'nothing was cut off');
      assert.equal(probe.applied.length, 4);
      probe.assertInOrder();
      return `${dropped} bytes of wake-ups lost, ${WAKE_UPS} still ${before}, ${probe.applied.length} of 4 changes there at ${cursor}`;
    },
  },
  {
    sentence: 'Two nodes that start at once on an empty database migrate and set up once',
    on: 'postgres',
    async run(bench) {
      const fresh = await freshDatabase('together');
      bench.defer(() => fresh.drop());
      const env = { NODE_ENV: undefined, FLAGWIRE_ADMIN_TOKEN: undefined };
      const both = await Promise.all([1, 2].map(() => bench.start({ database: fresh.url, env })));
      const tables = ['project', 'environment', 'flag', 'admin_token', 'sdk_key'];
      const counts = await fresh.query<{ n: string }>(
        tables.map((table) => `SELECT count(*) AS n FROM ${table}`).join(' UNION ALL '),
      );
      assert.deepEqual(
        counts.map(({ n }) => Number(n)),
        [1, 3, 1, 1, 2],
      );
      const [migrations] = await fresh.query<{ n: string; names: string }>(
        'SELECT count(*) AS n, count(DISTINCT name) AS names FROM migrations',
      );
      assert.ok(Number(migrations?.n) > 0);
      assert.equal(migrations?.n, migrations?.names);
      const welcomes = both.filter((node) => /shown only this once/.test(node.stdout()));
      assert.equal(welcomes.length, 1);
      const token = /fw_adm_\w+/.exec(welcomes[0]?.stdout() ?? '')?.[0] ?? '';
      const path = '/api/projects/default/flags/welcome';
      const statuses = await Promise.all(both.map(async (node) => (await node.admin.as(token).request('GET', path)).status));
      assert.deepEqual(statuses, [200, 200]);
      return `${migrations?.n} migrations, ${tables.map((table, index) => `${counts[index]?.n} ${table}`).join(', ')}; 1 of 2 printed, its token opens both`;
    },
  },
  {
    sentence: 'TLS with verify-full connects to a database whose certificate is right, and to no other',
    on: 'postgres',
    needs: 'openssl',
    async run(bench) {
      const [right, other] = [await makeCertificates(), await makeCertificates()];
      const database = await bench.postgres({ tls: { key: right.key, cert: right.cert, required: true } });
      const urlWith = (authority: string): string => {
        const file = join(bench.folder(), 'ca.pem');
        writeFileSync(file, authority);
        const url = new URL(database.url);
        url.hostname = 'localhost';
        url.searchParams.set('sslmode', 'verify-full');
        url.searchParams.set('sslrootcert', file);
        return url.href;
      };
      const served = await bench.start({ database: urlWith(right.ca) });
      await served.admin.createFlag('over-tls');
      const refused = await bench.start({ database: urlWith(other.ca), until: 'live' });
      await eventually(() => /certificate|self.signed|issuer/i.test(refused.stdout() + refused.stderr()), {
        timeoutMs: PATIENCE_MS,
        what: 'a word about the certificate',
      });
      const ready = await httpRequest(`${refused.url}/health/ready`);
      assert.equal(ready.status, 503);
      await assert.rejects(
        withPostgres(database.url, async () => undefined),
        /no encryption/,
      );
      const said = /\(?[\w -]*(certificate|self.signed|issuer)[\w -]*/i.exec(refused.stdout() + refused.stderr())?.[0];
      return `right authority: served; another one: not ready, ${said?.replace('(', '').trim()}; without TLS PostgreSQL refuses`;
    },
  },
];
