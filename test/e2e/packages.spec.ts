import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpRequest } from '../support/http-request.js';
import { node24 } from '../support/node-24.js';
import { npm } from '../support/npm.js';
import { projectRoot } from '../support/project-root.js';
import { SseProbe } from '../support/sse-client.js';
import { useServers } from '../support/use-servers.js';

const PACKAGES = {
  flagwire: '.',
  '@flagwire/protocol': 'packages/protocol',
  '@flagwire/client': 'packages/client',
  '@flagwire/cli': 'packages/cli',
  '@flagwire/openfeature': 'packages/openfeature',
};
type PackageName = keyof typeof PACKAGES;
const NAMES = Object.keys(PACKAGES) as PackageName[];

/** A team's own module: a route, and a listener on the feed. */
const TEAM = `
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { ChangeFeed, ChangesModule, Open, runServer } from 'flagwire';

class TeamController {
  seen = 0;
  constructor(feed) { feed.updates.subscribe(({ kind }) => { if (kind === 'changed') this.seen += 1; }); }
  read() { return { seen: this.seen }; }
}
Inject(ChangeFeed)(TeamController, undefined, 0);
Open()(TeamController);
const method = Object.getOwnPropertyDescriptor(TeamController.prototype, 'read');
Get('seen')(TeamController.prototype, 'read', method);
Controller('team')(TeamController);

class TeamModule {}
Module({ imports: [ChangesModule], controllers: [TeamController] })(TeamModule);

await runServer([TeamModule]);
`;

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

function run(program: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: 60_000, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'flagwire-packages-'));
/** Has the packages installed, and of the repository nothing. */
const empty = join(folder, 'empty');
const tarballs = new Map<PackageName, string>();
const files = new Map<PackageName, string[]>();

beforeAll(async () => {
  for (const name of NAMES) {
    // What was built is packed: building again would take the files from under the servers of other tests.
    const printed = await npm(join(projectRoot(), PACKAGES[name]), [
      'pack',
      '--ignore-scripts',
      '--json',
      '--pack-destination',
      folder,
    ]);
    const [packed] = JSON.parse(printed.slice(printed.indexOf('['))) as { filename: string; files: { path: string }[] }[];
    if (packed === undefined) throw new Error(printed);
    tarballs.set(name, join(folder, packed.filename));
    files.set(
      name,
      packed.files.map(({ path }) => path),
    );
  }
  mkdirSync(empty);
  writeFileSync(join(empty, 'package.json'), '{"private": true, "type": "module"}');
  writeFileSync(join(empty, 'team.mjs'), TEAM);
  await npm(empty, ['install', ...tarballs.values()]);
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tool = (name: string) => join(projectRoot(), 'node_modules', '.bin', name);

describe.each(NAMES)('the package %s', (name) => {
  it('holds its build, its licence and its papers, and neither sources nor test code', () => {
    const all = files.get(name) ?? [];
    const papers = all.filter((path) => !path.startsWith('dist/'));
    expect(papers.sort()).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'README.md', 'package.json']));
    expect(papers.filter((path) => !/^[A-Z]+(\.md)?$|^package\.json$/.test(path))).toEqual([]);
    expect(all.filter((path) => /\.(spec|fake|test)\.|(^|\/)test\/|\.ts$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
    expect(all.filter((path) => path.startsWith('dist/')).length).toBeGreaterThan(5);
  });

  it('names what it needs by version, and runs no script when it is installed', () => {
    const manifest = JSON.parse(readFileSync(join(empty, 'node_modules', name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      scripts?: Record<string, string>;
      private?: boolean;
    };
    expect(Object.entries(manifest.dependencies ?? {}).filter(([, range]) => !/^[\^~]?\d/.test(range))).toEqual([]);
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => /^(pre|post)?(install|prepare)$/.test(script))).toEqual([]);
    expect(manifest.private).toBeUndefined();
  });

  it('has nothing that publint would say', async () => {
    const { code, stdout, stderr } = await run(tool('publint'), ['--strict', tarballs.get(name) ?? ''], folder);
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('All good')]);
  });

  it('has types that every resolution of ES modules finds', async () => {
    const { code, stdout } = await run(tool('attw'), [tarballs.get(name) ?? '', '--profile', 'esm-only', '--no-emoji'], folder);
    expect([code, stdout]).toEqual([0, expect.stringContaining('node16 (from ESM)')]);
  });
});

describe.each([
  ['this Node.js', async () => process.execPath],
  ['Node.js 24', node24],
] as const)('installed into an empty folder, on %s', (_name, nodeOf) => {
  const start = useServers();
  const bin = join(empty, 'node_modules', 'flagwire', 'dist', 'bin.js');
  let node: string;

  beforeAll(async () => {
    node = await nodeOf();
  }, 240_000);

  it('"flagwire start" serves, and ends in order', async () => {
    const server = await start({ node, entry: bin, args: ['start'] });
    const { key } = await server.admin.createKey('production');
    const probe = await SseProbe.connect({ url: server.url, key });
    await probe.waitForSync();
    await server.admin.createFlag('from-a-package');
    await probe.waitForState((state) => state.has('from-a-package'));
    expect((await httpRequest(`${server.url}/docs-json`)).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(probe.goodbye?.reason).toBe('shutdown');
  });

  it('"flagwire start" loads nothing of the command line', async () => {
    const [there, away] = ['cli', 'cli-away'].map((name) => join(empty, 'node_modules', '@flagwire', name)) as [string, string];
    renameSync(there, away);
    try {
      const server = await start({ node, entry: bin, args: ['start'] });
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect((await run(node, [bin, 'list'], empty)).stderr).toContain("Cannot find package '@flagwire/cli'");
    } finally {
      renameSync(away, there);
    }
  });

  it('"flagwire" speaks to a server', async () => {
    const server = await start({ node, entry: bin, args: ['start'] });
    await server.admin.createFlag('from-a-package');
    const there = { FLAGWIRE_URL: server.url, FLAGWIRE_TOKEN: server.adminToken };
    const toggled = await run(node, [bin, 'toggle', 'from-a-package', '--env', 'staging'], empty, there);
    expect(toggled).toMatchObject({ code: 0, stdout: expect.stringContaining('from-a-package  disabled → enabled') });
  });

  it('serves with a module of a team beside its own', async () => {
    const server = await start({ node, entry: join(empty, 'team.mjs') });
    const seen = async () => (await httpRequest(`${server.url}/team/seen`)).json();
    expect(await seen()).toEqual({ seen: 0 });
    await server.admin.createFlag('heard-of');
    expect(await seen()).toEqual({ seen: 3 }); // a change set in each environment
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('says how it is used, and ends with 2 where it is used otherwise', async () => {
    const flagwire = (...args: string[]) => run(node, [bin, ...args], empty);
    expect(await flagwire('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' });
    expect(await flagwire('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/Usage: flagwire[\s\S]*start/) });
    expect(await flagwire('strat')).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown command 'strat'") });
    expect(await flagwire('start', 'now')).toMatchObject({ code: 2, stderr: expect.stringContaining('too many arguments') });
    expect(await flagwire()).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: flagwire') });
  });

  it('can be imported and required', async () => {
    const imports = `import * as all from 'flagwire'; import * as sync from '@flagwire/protocol/sync'; import * as client from '@flagwire/client'; import * as cli from '@flagwire/cli'; import * as openfeature from '@flagwire/openfeature'; console.log(typeof all.runServer, typeof sync.parseCursor, typeof client.FlagSyncClient, typeof cli.addCommands, typeof openfeature.FlagwireProvider)`;
    expect(await run(node, ['--input-type=module', '-e', imports], empty)).toMatchObject({
      code: 0,
      stdout: 'function function function function function\n',
    });
    const requires = `console.log(typeof require('flagwire').runServer, typeof require('@flagwire/protocol/sync').parseCursor, typeof require('@flagwire/client/evaluate').flagdEvaluator, typeof require('@flagwire/openfeature').FlagwireProvider)`;
    expect(await run(node, ['--input-type=commonjs', '-e', requires], empty)).toMatchObject({
      code: 0,
      stdout: 'function function function function\n',
    });
  });
});
