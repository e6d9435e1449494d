import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { commandsOf } from './support/flagwire.js';

interface ChangeSet {
  cursor: string;
  revision: number;
  changes: unknown[];
}

describeEachDatabase('flagwire on a server', (database) => {
  const start = useServers();
  let server: TestServer;
  let run: ReturnType<typeof commandsOf>['run'];
  let json: ReturnType<typeof commandsOf>['json'];

  beforeAll(async () => {
    server = await start({ database });
    ({ run, json } = commandsOf(server));
    for (const id of ['checkout', 'welcome']) await server.admin.createFlag(id, { tags: [`of-${id}`] });
  }, 60_000);

  it('lists flags in columns, with their status in each environment', async () => {
    const { code, stdout, stderr } = await run('list');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      'ID        TYPE     DEVELOPMENT  PRODUCTION  STAGING   NAME',
      'checkout  boolean  disabled     disabled    disabled  checkout',
      'welcome   boolean  disabled     disabled    disabled  welcome',
      '',
    ]);
    const { items } = await json<{ items: { id: string }[] }>('list --tag of-welcome');
    expect(items.map(({ id }) => id)).toEqual(['welcome']);
  });

  it('reads every page of a long list', async () => {
    await server.admin.createProject('many');
    const made = Array.from({ length: 230 }, (_, index) => ({ id: `flag-${String(index).padStart(3, '0')}`, name: 'x' }));
    const flags = made.map((flag) => ({ ...flag, value_type: 'boolean', variants: { on: true }, default_variant: 'on' }));
    await server.admin.import({ format: 'flagwire', version: 1, flags }, '', { project: 'many' });
    const { items } = await json<{ items: { id: string }[] }>('list --project many');
    expect(items.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
  });

  it('sets, shows and toggles a flag, as changes with a comment', async () => {
    const before = await server.admin.getEnvironment('staging');
    const set = await run('set welcome -e staging --status enabled --variant on -m launch');
    expect([set.code, set.stdout]).toEqual([
      0,
      expect.stringContaining('welcome  disabled → enabled, default off → on\nstaging is at'),
    ]);
    const shown = await run('get welcome -e staging');
    expect(shown.stdout).toMatch(/^welcome {2}enabled in staging\nname +welcome\n[\s\S]*^default +on$/m);
    expect(await json('get welcome')).toMatchObject({ id: 'welcome', environments: { staging: { status: 'enabled' } } });

    const off = await json<ChangeSet>('toggle welcome -e staging');
    expect(off).toMatchObject({ revision: before.body.revision + 2, changes: [{ after: { status: 'disabled' } }] });
    const on = await json<ChangeSet>('toggle welcome -e staging');
    expect(on.changes).toMatchObject([{ after: { status: 'enabled' } }]);
    const { items } = (await server.admin.changes('staging', before.body.revision)).body;
    expect(items.map(({ comment, cursor }) => [comment, cursor]).slice(0, 3)).toEqual([
      ['launch', expect.any(String)],
      [null, off.cursor],
      [null, on.cursor],
    ]);
  });

  it('says so where nothing changes, and takes rules from stdin', async () => {
    const rules = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };
    const set = await run('set checkout -e staging --targeting -', { input: JSON.stringify(rules) });
    expect([set.code, set.stdout]).toEqual([0, expect.stringContaining('checkout  targeting changed')]);
    expect((await server.admin.getEnv('checkout', 'staging')).body.targeting).toEqual(rules);
    const again = await run('set checkout -e staging --targeting -', { input: JSON.stringify(rules) });
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Nothing changed')]);
    const cleared = await run('set checkout -e staging --targeting - --code-default', { input: '{}' });
    expect(cleared.code).toBe(0);
    expect((await server.admin.getEnv('checkout', 'staging')).body).toMatchObject({ targeting: {}, default_variant: null });
  });

  it('writes nothing where the flag is at another version than the one that was meant', async () => {
    const { metadata } = (await server.admin.getEnv('checkout', 'production')).body;
    const stale = await run(`set checkout -e production --status enabled --if-version ${metadata.version + 1}`);
    expect([stale.code, stale.stderr]).toEqual([3, expect.stringContaining('Somebody changed it meanwhile')]);
    expect((await server.admin.getEnv('checkout', 'production')).body.status).toBe('disabled');
    expect((await run(`set checkout -e production --status enabled --if-version ${metadata.version}`)).code).toBe(0);
  });

  it('makes, lists, rotates and revokes keys; the key alone is on stdout', async () => {
    const made = await run('keys create -e staging --name builds');
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^fw_srv_[0-9A-Za-z]{50}\n$/)]);
    expect(made.stderr).toMatch(/shown only this once/);
    expect(await poll(made.stdout.trim())).toBe(200);

    const { items } = await json<{ items: { id: string; name: string }[] }>('keys list -e staging');
    const { id } = items.find(({ name }) => name === 'builds') ?? { id: '' };
    const next = await json<{ id: string; key: string }>(`keys rotate ${id} -e staging --grace 3600`);
    expect([await poll(made.stdout.trim()), await poll(next.key)]).toEqual([200, 200]);
    expect((await run(`keys revoke ${next.id} -e staging`)).stdout).toBe(`The key ${next.id} is revoked.\n`);
    expect([await poll(made.stdout.trim()), await poll(next.key)]).toEqual([200, 401]);
    expect((await run('keys list -e staging')).stdout).toMatch(/^ID +KIND +BEGINS +VALID[\s\S]*revoked/);
  });

  const poll = async (key: string): Promise<number> =>
    (await fetch(`${server.url}/sdk/poll`, { headers: { Authorization: `Bearer ${key}` } })).status;
});

describe('flagwire, used wrongly', () => {
  const start = useServers();
  let run: ReturnType<typeof commandsOf>['run'];
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
    ({ run } = commandsOf(server));
    await server.admin.createFlag('checkout');
  }, 60_000);

  it.each([
    ['lits', 2, /unknown command 'lits'\n\(Did you mean list\?\)/],
    ['list --serch x', 2, /unknown option '--serch'\n\(Did you mean --search\?\)/],
    ['keys creat', 2, /unknown command 'creat'\n\(Did you mean create\?\)/],
    ['get', 2, /missing required argument 'flag'/],
    ['list --status on', 2, /Allowed choices are enabled, disabled, deprecated/],
    ['set checkout --status enabled', 2, /Which environment\?\nSay it by --env/],
    ['set checkout -e staging', 2, /Set what\?/],
    ['set checkout -e staging --if-version 0 --status enabled', 2, /whole number from 1/],
    ['get ../../tokens', 2, /That is no flag’s id/],
    ['get checkout -p ../x', 2, /That is no project’s key/],
    ['list --url ftp://x', 2, /must be like http/],
    ['list --url http://me:secret@127.0.0.1', 2, /no user, no password/],
    ['get chekout', 3, /There is no flag "chekout"\nDid you mean checkout\?/],
    ['get checkout -e prodution', 3, /There is no environment "prodution"\nDid you mean production\?/],
    ['list -p nowhere', 3, /There is no project "nowhere"/],
    ['set checkout -e staging --variant maybe', 3, /changes\[0\]\.default_variant: /],
    ['list --url http://127.0.0.1:1', 4, /Port 1 is one that no HTTP client may use/],
    ['list --url http://nowhere.invalid', 4, /cannot be resolved/],
  ])('"%s" ends with %i and says what to do', async (line, code, says) => {
    const ran = await run(line);
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([code, '', expect.stringMatching(says)]);
  });

  it.each([
    ['lits --json', 2, 'bad_usage'],
    ['get chekout --json', 3, 'flag_not_found'],
    ['list --json --url http://127.0.0.1:1', 4, 'not_reachable'],
  ])('"%s" says it as one JSON document on stderr', async (line, code, name) => {
    const ran = await run(line);
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: name }, exit_code: code });
    expect([ran.code, ran.stdout]).toEqual([code, '']);
  });

  it('takes no secret as an argument, and repeats none that is given as one', async () => {
    const key = 'fw_srv_123456789012abcdefghijklmnopqrstuvwxyzABCDEF123456';
    const token = 'a-token-that-somebody-made-0123456789abcdef';
    for (const line of [`get ${key}`, key, `list --token=${token}`, `list --url ${key}`, `keys revoke ${key} -e staging`]) {
      const { stdout, stderr } = await run(line);
      expect(stderr).not.toBe('');
      expect(stdout + stderr).not.toMatch(new RegExp(`${key.slice(7)}|${token}`));
    }
  });

  it('says which credential is missing or wrong, and takes it from a file', async () => {
    const none = await run('list', { env: { FLAGWIRE_TOKEN: undefined } });
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('Give an admin token in FLAGWIRE_TOKEN')]);
    const wrong = await run('list', { env: { FLAGWIRE_TOKEN: 'not-the-token-0123456789abcdefghijkl' } });
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('--token-file')]);
    const odd = await run('list', { env: { FLAGWIRE_TOKEN: 'gehe\u00efm' } });
    expect([odd.code, odd.stderr]).toEqual([2, expect.not.stringContaining('gehe')]);
    const path = join(mkdtempSync(join(server.dataDir, 'cli-')), 'token');
    writeFileSync(path, `${server.adminToken}\n`);
    const file = await run(`list --token-file ${path}`, { env: { FLAGWIRE_TOKEN: undefined } });
    rmSync(path);
    expect([file.code, file.stderr]).toEqual([0, '']);
    const both = await run('list', { env: { FLAGWIRE_TOKEN_FILE: '/dev/null' } });
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('keep one')]);
  });

  it('says where nothing listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const ran = await run('list', { env: { FLAGWIRE_URL: url } });
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining(`Nothing listens at ${url}.\nStart the server`)]);
  });

  it('says how each command is used, and by which variables', async () => {
    const { code, stdout } = await run('help set');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Usage: flagwire set[\s\S]*FLAGWIRE_ENV[\s\S]*--if-version/)]);
  });
});
