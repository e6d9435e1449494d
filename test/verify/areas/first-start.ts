import assert from 'node:assert/strict';
import { runServerToEnd, type TestServer } from '../../support/server.js';
import { eventually } from '../../support/wait.js';
import { type Bench } from '../bench.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { ShellCommand } from '../shell-command.js';

const SECRET = /fw_(adm|srv|cli)_\w+/g;

/** A server on a new database, which is ready a moment before it has said what is shown only once. */
async function newcomer(bench: Bench): Promise<TestServer> {
  const server = await bench.lab.server('newcomer', bench.database);
  await eventually(() => /^ +3\. .*\n +.+$/m.test(server.stdout()), { timeoutMs: PATIENCE_MS, what: 'what is shown once' });
  return server;
}

/** The line under `1. …`, `2. …` or `3. …`. */
function printed(server: TestServer, number: number): string {
  const line = new RegExp(`^ +${number}\\. .*\\n +(.+)$`, 'm').exec(server.stdout())?.[1];
  if (line === undefined) throw new Error(`no line ${number} in what it printed:\n${server.stdout()}`);
  return line;
}

export const firstStart: readonly Check[] = [
  {
    sentence: 'The first start prints an admin token, a server key and a client key once, and the second start none',
    async run(bench) {
      const server = await newcomer(bench);
      const secrets = server.stdout().match(SECRET) ?? [];
      const kinds = [...new Set(secrets)].map((secret) => secret.slice(0, 7)).sort();
      assert.deepEqual(kinds, ['fw_adm_', 'fw_cli_', 'fw_srv_']);
      const length = server.stdout().length;
      await server.restart();
      // It is ready a moment before it has said so.
      await eventually(() => /listening/.test(server.stdout().slice(length)), { timeoutMs: PATIENCE_MS, what: 'its address' });
      const second = server.stdout().slice(length) + server.stderr();
      assert.deepEqual(second.match(SECRET), null);
      const token = secrets.find((secret) => secret.startsWith('fw_adm_')) ?? '';
      const { status } = await server.admin.as(token).request('GET', '/api/projects/default/flags/welcome');
      assert.equal(status, 200);
      return `${kinds.join(', ')}; none at the second start, whose token still opens the API (${status})`;
    },
  },
  {
    sentence: 'The three lines that it prints work in a shell as they are',
    needs: 'curl',
    async run(bench) {
      const server = await newcomer(bench);
      const [watch, flip, page] = [1, 2, 3].map((number) => printed(server, number)) as [string, string, string];
      const watching = new ShellCommand(watch);
      bench.defer(() => watching.end());
      await watching.untilPrinted('"SyncComplete"');
      assert.match(watching.stdout, /"id":"welcome".*"status":"enabled"/);
      const flipped = new ShellCommand(flip);
      assert.equal(await flipped.exitCode(), 0);
      await watching.untilPrinted('"FlagStatusChanged"');
      const event = /"old_status":"\w+","new_status":"\w+"/.exec(watching.stdout)?.[0];
      const browsing = new ShellCommand(`curl -sS -o /dev/null -w '%{http_code} %{content_type}' ${page}`);
      assert.equal(await browsing.exitCode(), 0);
      assert.match(browsing.stdout, /^200 text\/html/);
      return `1: welcome came; 2: 1 then said ${event}; 3: ${browsing.stdout}`;
    },
  },
  {
    sentence: 'A new database has the project default with three environments, and no flag where a token is set',
    async run(bench) {
      const { admin } = await bench.shared();
      const { body } = await admin.call<{ items: { key: string }[] }>('GET', '/api/projects/default/environments');
      const names = body.items.map(({ key }) => key).sort();
      assert.deepEqual(names, ['development', 'production', 'staging']);
      const { body: flags } = await admin.call<{ items: unknown[] }>('GET', '/api/projects/default/flags');
      assert.deepEqual(flags.items, []);
      return `${names.join(', ')}; 0 flags`;
    },
  },
  {
    sentence: 'Wrong settings keep it from starting and are named all at once, in production a missing admin token among them',
    on: 'once',
    async run() {
      const env = {
        FLAGWIRE_TAIL_MS: 'fast',
        FLAGWIRE_PING_S: '-1',
        FLAGWIRE_NO_SUCH_THING: '1',
        FLAGWIRE_ADMIN_TOKEN: undefined,
      };
      const { code, stderr } = await runServerToEnd({ env });
      assert.notEqual(code, 0);
      for (const name of Object.keys(env)) assert.ok(stderr.includes(name), `${name} is not named in: ${stderr}`);
      assert.match(stderr, /FLAGWIRE_ADMIN_TOKEN must be set.*openssl rand/);
      return `exit code ${code}, all ${Object.keys(env).length} named; ${/FLAGWIRE_ADMIN_TOKEN.*/.exec(stderr)?.[0]}`;
    },
  },
];
