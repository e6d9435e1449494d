import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { commandsOf } from './support/flagwire.js';

interface Report {
  dry_run: boolean;
  flags: Record<string, number>;
  environments: Record<string, { revision: number; cursor: string }>;
}

const folder = mkdtempSync(join(tmpdir(), 'flagwire-transfer-'));
afterAll(() => rmSync(folder, { recursive: true }));

describeEachDatabase('flagwire export and import', (database) => {
  const start = useServers();
  let server: TestServer;
  let run: ReturnType<typeof commandsOf>['run'];
  let json: ReturnType<typeof commandsOf>['json'];
  const file = join(folder, `${database}.json`);

  beforeAll(async () => {
    server = await start({ database, env: { FLAGWIRE_IMPORT_BYTES: String(64 * 1024) } });
    ({ run, json } = commandsOf(server));
    for (const id of ['checkout', 'welcome']) await server.admin.createFlag(id);
    await server.admin.patchEnv('welcome', 'staging', { status: 'enabled' });
    await server.admin.createProject('copy');
  }, 60_000);

  it('write a project to a file, whole or not at all, or to stdout', async () => {
    const saved = await run(`export -o ${file}`);
    expect([saved.code, saved.stdout]).toEqual([0, `2 flags of default are in ${file}.\n`]);
    expect((await run('export')).stdout).toBe(readFileSync(file, 'utf8'));
    const nowhere = await run(`export -o ${folder}/no/where.json`);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('cannot be written (ENOENT)')]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('say first what would change, and write nothing', async () => {
    const { code, stdout } = await run(`import ${file} -p copy --dry-run`);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing was written. It would be: 2 created')]);
    expect(stdout).toContain('staging:\n  checkout  created, disabled\n  welcome  created, enabled\n');
    expect(await json('list -p copy')).toEqual({ items: [] });
  });

  it('take the document in, and again without a change', async () => {
    const first = await json<Report>(`import ${file} -p copy`);
    expect([first.dry_run, first.flags]).toMatchObject([false, { created: 2 }]);
    const again = await run(`import ${file} -p copy`);
    expect(again.stdout).toContain('Flags: 0 created, 0 updated, 0 restored, 0 archived, 2 unchanged.');
    expect(again.stdout).toContain(first.environments['staging']?.cursor);
    expect(JSON.parse((await run('export -p copy')).stdout)).toMatchObject({
      flags: (JSON.parse(readFileSync(file, 'utf8')) as { flags: unknown[] }).flags,
    });
  });

  it('archive what the document lacks where that is asked for, and only at the cursor that was meant', async () => {
    const [one] = (JSON.parse(readFileSync(file, 'utf8')) as { flags: unknown[] }).flags;
    const input = JSON.stringify({ format: 'flagwire', version: 1, flags: [one] });
    const stale = await run('import - -p copy --replace --if-match aaaaaaaa.1.bbbbbb', { input });
    expect([stale.code, stale.stderr]).toEqual([3, expect.stringContaining('Somebody changed it meanwhile')]);
    const { environments } = await json<Report>('import - -p copy --replace --dry-run', { input });
    const guards = Object.values(environments).map(({ cursor }) => `--if-match ${cursor}`);
    expect(await json(`import - -p copy --replace ${guards.join(' ')}`, { input })).toMatchObject({ flags: { archived: 1 } });
  });

  it('know a flag file of flagd by itself, and ask for its environment', async () => {
    const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
    const input = JSON.stringify({ flags: { 'from-flagd': flag } });
    expect((await run('import -', { input })).stderr).toContain('Which environment?');
    expect(await json('import - -e staging', { input })).toMatchObject({ flags: { created: 1 } });
    expect((await server.admin.getEnv('from-flagd', 'staging')).body).toMatchObject({ status: 'enabled', default_variant: 'on' });
  });

  it('name every mistake of a document, and refuse what is none', async () => {
    const wrong = await run('import -', { input: '{"format": "flagwire", "version": 1, "flags": [{"id": "a"}, {"id": "b c"}]}' });
    expect([wrong.code, wrong.stdout]).toEqual([3, '']);
    expect(wrong.stderr).toMatch(/flags\[0\]\.name: [\s\S]*flags\[1\]\.id: /);
    const none = await run('import -', { input: '{"flags": [}' });
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('stdin does not hold JSON')]);
    expect((await run(`import ${folder}/none.json`)).code).toBe(2);
  });

  it.each([100_000, 30_000_000])('say that a document of %i bytes is too large', async (bytes) => {
    const path = join(folder, 'large.json');
    writeFileSync(path, JSON.stringify({ format: 'flagwire', version: 1, flags: [], padding: 'x'.repeat(bytes) }));
    const ran = await run(`import ${path} --json`);
    expect([ran.code, JSON.parse(ran.stderr)]).toMatchObject([3, { error: { code: 'body_too_large', status: 413 } }]);
  });
});
