import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Sqlite from 'libsql';
import { fixtureFolder, readManifest, type HeldCursor, type Manifest } from '../fixtures/db/manifest.js';
import { restore } from '../fixtures/db/postgres-dump.js';
import { type Ask, beyondAdding, readSchema, type Schema } from '../fixtures/db/schema.js';
import { auditTrail } from '../support/audit-pages.js';
import { parseCursor, revisionOf } from '../support/cursor.js';
import { freshDatabase } from '../support/fresh-database.js';
import { poll, type DeltaBody } from '../support/poll-client.js';
import { type DatabaseKind, type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';

const VERSIONS = readdirSync(fixtureFolder('.'), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** A copy of a stored database, before anything of today has seen it. */
interface Copy {
  url: string;
  ask: Ask;
  drop: () => Promise<void>;
}

async function copyOf(version: string, database: DatabaseKind): Promise<Copy> {
  const folder = fixtureFolder(version);
  if (database === 'postgres') {
    const fresh = await freshDatabase('earlier');
    await restore(fresh.url, readFileSync(join(folder, 'postgres.sql'), 'utf8'));
    return { url: fresh.url, ask: (sql) => fresh.query(sql), drop: () => fresh.drop() };
  }
  const temporary = mkdtempSync(join(tmpdir(), 'flagwire-earlier-'));
  const file = join(temporary, 'flagwire.db');
  copyFileSync(join(folder, 'flagwire.db'), file);
  const ask: Ask = async (sql) => {
    const connection = new Sqlite(file, { readonly: true });
    try {
      return connection.prepare(sql).all() as Record<string, unknown>[];
    } finally {
      connection.close();
    }
  };
  return { url: `sqlite:${file}`, ask, drop: async () => rmSync(temporary, { recursive: true }) };
}

const stateOf = (flags: FlagDefinition[]) => new Map(flags.map((flag) => [flag.id, flag]));
const sorted = (flags: Iterable<FlagDefinition>) => [...flags].sort((a, b) => (a.id < b.id ? -1 : 1));

function matching(flags: FlagDefinition[], filter: HeldCursor['flags']): FlagDefinition[] {
  const prefixes = filter?.map((entry) => entry.replace(/\*$/, ''));
  return flags.filter(({ id }) => prefixes?.some((prefix) => id.startsWith(prefix)) ?? true);
}

it('has databases of earlier versions to look at', () => {
  expect(VERSIONS).toContain('1');
});

describe.each(VERSIONS)('the databases that version %s left behind', (version) => {
  describeEachDatabase('opened by this version', (database) => {
    const start = useServers();
    let manifest: Manifest;
    let copy: Copy;
    let before: Schema;
    let server: TestServer;

    const flagsNow = async (key = manifest.keys.server) =>
      ((await poll({ url: server.url, key })).json() as { flags: FlagDefinition[] }).flags;
    const path = (rest = '') => `/api/projects/${manifest.project}/environments/${manifest.environment}${rest}`;

    beforeAll(async () => {
      manifest = readManifest(version, database);
      copy = await copyOf(version, database);
      before = await readSchema(database, copy.ask);
      server = await start({ database: copy.url });
    });
    afterAll(() => copy.drop());

    it('have every column that they had, of the same type, and no new one that the earlier version would have to fill', async () => {
      const after = await readSchema(database, copy.ask);
      expect(Object.keys(before).length).toBeGreaterThan(50);
      expect(beyondAdding(before, after)).toEqual([]);
    });

    it('have the same flags, byte for byte, under the same tag', async () => {
      expect(JSON.stringify(await flagsNow())).toBe(JSON.stringify(manifest.flags));
      const unchanged = await poll({ url: server.url, key: manifest.keys.server, headers: { 'If-None-Match': manifest.etag } });
      expect(unchanged.status).toBe(304);
      const { body } = await server.admin.call<{ items: { key: string }[] }>('GET', '/api/projects');
      expect(body.items.map(({ key }) => key)).toEqual(manifest.projects);
      expect((await server.admin.getEnvironment(manifest.environment, manifest)).body.revision).toBe(manifest.revision);
    });

    it('let clients resume a stream from every cursor that they held, with what they missed and no more', async () => {
      expect(manifest.held.length).toBeGreaterThanOrEqual(4);
      for (const { cursor, flags, state } of manifest.held) {
        const filter = flags === null ? {} : { flags };
        const probe = await SseProbe.connect({
          url: server.url,
          key: manifest.keys.server,
          cursor,
          state: stateOf(state),
          ...filter,
        });
        await probe.waitForSync();
        expect(probe.messages[0]).toMatchObject({ type: 'SyncStarted', data: { mode: 'delta' }, id: cursor });
        expect(probe.messages.length).toBeGreaterThan(2);
        expect(sorted(probe.state.values())).toEqual(matching(manifest.flags, flags));
        expect(revisionOf(probe.cursor)).toBe(manifest.revision);
        probe.assertInOrder();
        await probe.close();
      }
    });

    it('let clients poll on from every cursor that they held', async () => {
      for (const { cursor, flags } of manifest.held) {
        const request = { url: server.url, key: manifest.keys.server, query: { since: cursor } };
        const delta = (await poll(flags === null ? request : { ...request, flags })).json() as DeltaBody;
        expect([delta.mode, revisionOf(delta.cursor)]).toEqual(['delta', manifest.revision]);
        expect(delta.events.length).toBeGreaterThan(0);
      }
    });

    it('have the whole audit trail, dense from the first revision on', async () => {
      const { body } = await server.admin.call<{ items: { revision: number }[] }>('GET', path('/changes?after=0&limit=100'));
      const revisions = body.items.map(({ revision }) => revision).sort((a, b) => a - b);
      expect(revisions).toEqual(Array.from({ length: manifest.revision }, (_, index) => index + 1));
    });

    it('have the record of what was done beside flags, and export the same document, where they had these', async () => {
      const { audit = [], exported } = manifest;
      expect(audit.length > 0).toBe(version !== '1');
      expect((await auditTrail(server.admin)).slice(0, audit.length)).toEqual(audit);
      const { body } = await server.admin.export(manifest);
      expect(body).toMatchObject(exported ?? { project: { key: manifest.project } });
    });

    it('know the keys and tokens that lived, and those that were dead', async () => {
      const sdk = async (key: string) => {
        const answer = await poll({ url: server.url, key });
        return answer.status === 200 ? 200 : (answer.json() as { code: string }).code;
      };
      const { keys, deadKeys, tokens, deadTokens } = manifest;
      expect([await sdk(keys.server), await sdk(keys.rotated), await sdk(keys.client)]).toEqual([
        200,
        200,
        'client_key_forbidden',
      ]);
      const dead = [deadKeys.revoked, deadKeys.expired, deadKeys.replaced].map((key) => poll({ url: server.url, key }));
      expect((await Promise.all(dead)).map(({ status }) => status)).toEqual([401, 401, 401]);

      const ask = (token: string, method = 'GET', body?: object) => server.admin.as(token).request(method, path(), body);
      const reads = await Promise.all(
        [tokens.admin, tokens.viewer, tokens.ofOneProject, deadTokens.revoked].map((token) => ask(token)),
      );
      expect(reads.map(({ status }) => status)).toEqual([200, 200, 200, 401]);
      expect((await ask(tokens.viewer, 'PATCH', { name: 'No' })).status).toBe(403);
      const elsewhere = await server.admin.as(tokens.ofOneProject).request('GET', '/api/projects/default/flags');
      expect([403, 404]).toContain(elsewhere.status);
    });

    it('take writes, the next revision first, and give them to those who resumed', async () => {
      const [oldest] = manifest.held;
      if (oldest === undefined) throw new Error('no cursor is held');
      const probe = await SseProbe.connect({
        url: server.url,
        key: manifest.keys.server,
        cursor: oldest.cursor,
        state: stateOf(oldest.state),
      });
      await probe.waitForSync();
      const at = manifest.revision;
      const [first] = manifest.flags;
      const admin = server.admin.as(manifest.tokens.ofOneProject);
      const edit = await admin.patchEnv(first?.id ?? '', manifest.environment, { status: 'deprecated' }, manifest);
      const restored = await server.admin.restore(manifest.archived, manifest);
      await server.admin.createFlag('made-today', {}, manifest);
      const cursors = [edit, restored].map(({ cursors: written }) => revisionOf(written[manifest.environment] ?? 'none'));
      expect(cursors).toEqual([at + 1, at + 2]);
      await probe.waitForState((state) => state.has('made-today') && state.has(manifest.archived));
      expect(probe.state.get(first?.id ?? '')).toMatchObject({
        status: 'deprecated',
        metadata: { version: (first?.metadata.version ?? 0) + 1 },
      });
      expect(revisionOf(probe.cursor)).toBe(at + 3);
      expect(parseCursor(probe.cursor)?.epoch).toBe(parseCursor(oldest.cursor)?.epoch);
      probe.assertInOrder();
      await probe.close();
    });

    it('are the same at the second start', async () => {
      const [schema, flags] = [await readSchema(database, copy.ask), await flagsNow()];
      expect(flags.map(({ id }) => id)).toContain('made-today');
      await server.restart();
      expect(await flagsNow(manifest.keys.rotated)).toEqual(flags);
      expect(await readSchema(database, copy.ask)).toEqual(schema);
    });
  });
});

describe('what a migration does besides adding', () => {
  const text = { type: 'text', nullable: false, hasDefault: false };
  const old = { 'flag.id': text, 'flag.owner': { ...text, nullable: true } };

  it('is nothing for a new table, a column that may be null, and one with a default', () => {
    const added = { 'audit.id': text, 'flag.team': { ...text, nullable: true }, 'flag.kind': { ...text, hasDefault: true } };
    expect(beyondAdding(old, { ...old, ...added })).toEqual([]);
  });

  it('is said for what is gone, of another type, or asked of those who do not know of it', () => {
    const after = { 'flag.id': { ...text, type: 'bigint' }, 'flag.kind': text };
    expect(beyondAdding(old, after)).toEqual([
      'flag.owner is gone',
      'flag.id was text and is bigint',
      'flag.kind is new, must not be null and has no default',
    ]);
    expect(beyondAdding(old, { ...old, 'flag.owner': text })).toEqual(['flag.owner must not be null any more']);
  });
});
