import { beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { commandsOf, Flagwire, flagwire } from './support/flagwire.js';

interface Line {
  type: 'change' | 'status' | 'error';
  flag?: string;
  revision?: number;
  cursor?: string;
  state?: string;
  lag_ms?: number;
  after?: { status: string } | null;
}

const linesOf = ({ stdout }: { stdout: string }): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

describeEachDatabase('flagwire tail and wait', (database) => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  beforeAll(async () => {
    server = await start({ database });
    await server.admin.createFlag('checkout');
    await server.admin.createFlag('welcome');
    ({ key } = await server.admin.createKey('staging'));
  }, 60_000);
  const env = () => ({ FLAGWIRE_URL: server.url, FLAGWIRE_SDK_KEY: key });

  it('shows each change as it comes, and neither the flags of before nor those that are not asked for', async () => {
    const tail = new Flagwire(['tail', '--json', '--flags', 'wel*'], { env: env() });
    await tail.says(/"state":"live"/);
    await server.admin.changeSet('staging', [
      { flag: 'welcome', status: 'enabled' },
      { flag: 'checkout', status: 'enabled' },
    ]);
    const { cursors } = await server.admin.patchEnv('welcome', 'staging', { default_variant: 'on' });
    await tail.says(/"default_variant":"on"/);
    const ended = await tail.interrupt();
    expect([ended.code, ended.stderr]).toEqual([130, '']);
    const lines = linesOf(ended);
    expect(lines.flatMap(({ type, state }) => (type === 'status' ? [state] : []))).toEqual(expect.arrayContaining(['live']));
    expect(lines.filter(({ type }) => type === 'change')).toMatchObject([
      { flag: 'welcome', after: { status: 'enabled' } },
      { flag: 'welcome', after: { default_variant: 'on' }, cursor: expect.stringContaining(cursors['staging'] ?? 'no cursor') },
    ]);
  });

  it('shows it to people in a line, with the lag beside it', async () => {
    const tail = new Flagwire(['tail'], { env: env() });
    await tail.says(/live by sse, 2 flags, revision \d+, lag \d+\.\d s\n/);
    await server.admin.patchEnv('checkout', 'staging', { status: 'deprecated' });
    await tail.says(/deprecated/);
    const { code, stdout } = await tail.interrupt();
    expect([code, stdout]).toEqual([
      130,
      expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} {2}\d+ {2}checkout {2}\w+ → deprecated\n$/),
    ]);
  });

  it('waits until a change is there, through a connection that is slow to hand it on', async () => {
    const proxy = await TcpProxy.start(server.url);
    try {
      const { json } = commandsOf(server);
      const { cursor, revision } = await json<{ cursor: string; revision: number }>('toggle welcome -e staging');
      proxy.hold('toClient');
      const wait = new Flagwire(['wait', '--cursor', cursor, '--json'], {
        env: { ...env(), FLAGWIRE_URL: proxy.through(server.url) },
      });
      await server.admin.patchEnv('welcome', 'staging', { default_variant: 'off' });
      expect(wait.stdout).toBe('');
      proxy.release();
      const { code, stdout } = await wait.ended;
      const found = JSON.parse(stdout) as { reached: string; revision: number };
      expect([code, found.reached]).toEqual([0, cursor]);
      expect(found.revision).toBeGreaterThanOrEqual(revision);
    } finally {
      await proxy.stop();
    }
  });
});

describe('flagwire tail and wait end', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  beforeAll(async () => {
    server = await start();
    ({ key } = await server.admin.createKey('staging'));
  }, 60_000);
  let nobody: string;
  beforeAll(async () => void (nobody = `http://127.0.0.1:${await freePort()}`));
  const run = (line: string, env: Record<string, string | undefined> = {}) =>
    flagwire(line.split(' '), { env: { FLAGWIRE_URL: server.url, FLAGWIRE_SDK_KEY: key, ...env } });

  it.each([
    ['tail', undefined, 2, /With which key\?\nPut a server key/],
    ['tail', 'fw_cli_abc', 2, /server key/],
    ['wait --cursor aaaaaaaa.1.bbbbbb', 'fw_srv_abc', 3, /refused|malformed_key|401/],
    ['wait --cursor production', 'the one', 2, /That is no cursor/],
    ['wait', 'the one', 2, /required option '--cursor <cursor>'/],
    ['tail --flags ?', 'the one', 2, /flags/],
  ])('"%s" with the key %s by %i', async (line, given, code, says) => {
    const ran = await run(line, { FLAGWIRE_SDK_KEY: given === 'the one' ? key : given });
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([code, '', expect.stringMatching(says)]);
  });

  it('for a cursor that does not come, and says whether it is of another history', async () => {
    const { cursors } = await server.admin.createFlag('one');
    const [epoch = '', revision = ''] = (cursors['staging'] ?? '').split('.');
    const later = await run(`wait --timeout 1 --cursor ${epoch}.${Number(revision) + 5}.abcdef`);
    expect([later.code, later.stderr]).toEqual([4, expect.stringContaining('Give it longer')]);
    const other = await run(`wait --timeout 1 --cursor ${cursors['production']}`);
    expect([other.code, other.stderr]).toEqual([4, expect.stringContaining('another history')]);
    const none = await run(`wait --timeout 1 --cursor ${cursors['staging']} --json`, { FLAGWIRE_URL: nobody });
    expect([none.code, JSON.parse(none.stderr)]).toMatchObject([4, { error: { code: 'timed_out' }, exit_code: 4 }]);
  });

  it('once the key is revoked', async () => {
    const { id, key: dying } = await server.admin.createKey('staging');
    const tail = new Flagwire(['tail'], { env: { FLAGWIRE_URL: server.url, FLAGWIRE_SDK_KEY: dying } });
    await tail.says(/live by sse/);
    await server.admin.revokeKey('staging', id);
    const { code, stderr } = await tail.ended;
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^error: /m)]);
  });
});
