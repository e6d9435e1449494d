import { beforeAll, expect, it } from '@jest/globals';
import { type AdminClient } from '../support/admin-client.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

const MIB = 2 ** 20;
const flag = (id: string, fields: object = {}) => ({
  ...{ id, name: id, value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' },
  ...fields,
});
const documentOf = (flags: object[]) => ({ format: 'flagwire', version: 1, flags });

describeEachDatabase('an import', (database) => {
  const start = useServers();
  let server: TestServer;
  let admin: AdminClient;
  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_IMPORT_BYTES: String(3 * MIB), FLAGWIRE_MAX_FLAGS: '300' } });
    ({ admin } = server);
  });

  const IMPORT = '/api/projects/default/import';
  /** A document of this many bytes, white space at its end. */
  const sized = (bytes: number) => JSON.stringify(documentOf([])).padEnd(bytes);

  it('may be larger than other bodies: as large as the settings say, and not one byte more', async () => {
    expect(await admin.request('POST', IMPORT, sized(3 * MIB))).toMatchObject({ status: 200 });
    const over = await admin.request('POST', IMPORT, sized(3 * MIB + 1));
    expect(over).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    const detail = 'The body is larger than 3145728 bytes: send less at once, or raise FLAGWIRE_IMPORT_BYTES.';
    expect(over.body).toMatchObject({ detail });
    // Other spellings of the same route.
    for (const path of [`${IMPORT}/`, `${IMPORT}?dry_run=true`, '/API/projects/default/IMPORT']) {
      expect([path, (await admin.request('POST', path, sized(2 * MIB))).status]).toEqual([path, 200]);
    }
  });

  it('is the only thing that may: elsewhere a body has a mebibyte', async () => {
    for (const path of [
      ...['/api/projects/default/flags', '/api/projects'],
      ...['/api/projects?x=/api/projects/default/import', '/api/projects/default/environments/import/change-sets'],
    ]) {
      const answer = await admin.request('POST', path, sized(MIB + 1));
      const detail = 'The body is larger than 1048576 bytes: send less at once, or raise FLAGWIRE_BODY_BYTES.';
      expect([path, answer]).toMatchObject([path, { status: 413, body: { code: 'body_too_large', detail } }]);
    }
  });

  it('shows itself to connected clients as one change set for each environment, whole or not at all', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `f${index}`);
    const live = { status: 'enabled', targeting: { if: [true, 'on'] } };
    const probes = await Promise.all(
      ['production', 'staging'].map(async (environment) => {
        const { key } = await admin.createKey(environment);
        const probe = await SseProbe.connect({ url: server.url, key });
        await probe.waitForSync();
        return probe;
      }),
    );
    const wrong = documentOf([...ids.map((id) => flag(id, { environments: { production: live } })), flag('a b')]);
    expect(await admin.request('POST', IMPORT, wrong)).toMatchObject({ status: 400 });
    expect(await admin.request('POST', `${IMPORT}?dry_run=true`, documentOf(ids.map((id) => flag(id))))).toMatchObject({
      status: 200,
    });
    const { cursors } = await admin.request(
      'POST',
      IMPORT,
      documentOf(ids.map((id) => flag(id, { environments: { production: live } }))),
    );
    for (const [index, environment] of ['production', 'staging'].entries()) {
      const probe = probes[index];
      if (probe === undefined) throw new Error('no probe');
      await probe.waitForCursor(cursors[environment] ?? '');
      // Nothing of the refused import, nothing of the dry run.
      expect(probe.applied.map(({ events }) => events.length)).toEqual([250]);
      expect(probe.state.get('f0')).toMatchObject({ status: environment === 'production' ? 'enabled' : 'disabled' });
      await probe.close();
    }
  });

  it('lists the first of its changes and counts all, also where the answer is kept', async () => {
    const { admin: other } = await start({ database });
    const description = 'x'.repeat(4000);
    const document = documentOf(Array.from({ length: 200 }, (_, index) => flag(`f${index}`, { description })));
    const answers = [];
    for (let turn = 0; turn < 2; turn += 1)
      answers.push(await other.request('POST', IMPORT, document, { 'Idempotency-Key': 'large' }));
    const [first, again] = answers.map(
      ({ body }) => body as { environments: Record<string, { changes: unknown[]; changes_total: number }> },
    );
    expect(Object.values(first?.environments ?? {}).map(({ changes_total: total }) => total)).toEqual([200, 200, 200]);
    const listed = Object.values(first?.environments ?? {}).flatMap(({ changes }) => changes);
    expect(listed.length).toBeGreaterThan(100);
    expect(JSON.stringify(first).length).toBeLessThan(MIB);
    expect(again).toEqual(first);
  });

  it('is of no more flags than a project may have', async () => {
    const more = documentOf(Array.from({ length: 60 }, (_, index) => flag(`g${index}`)));
    expect(await admin.request('POST', IMPORT, more)).toMatchObject({ status: 409, body: { code: 'too_many_flags' } });
    expect(await admin.request('GET', '/api/projects/default/flags/g0')).toMatchObject({ status: 404 });
    const junk = (count: number) => documentOf(Array.from({ length: count }, () => ({})));
    expect(await admin.request('POST', IMPORT, junk(50_000))).toMatchObject({ status: 409, body: { code: 'too_many_flags' } });
    const detail = 'The body has more than 50000 members in one object or list: send less at once.';
    expect(await admin.request('POST', IMPORT, junk(50_001))).toMatchObject({ status: 400, body: { detail } });
  });
});
