import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { cleanEnvironment, ServerProcess } from '../support/server-process.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATIENCE = { timeoutMs: 15_000 };
const page = readFileSync(join(projectRoot(), 'packages/client/README.md'), 'utf8');
const [example = ''] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

describe('The example in the README of the client', () => {
  const start = useServers();
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-readme-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(url: string, key: string): ServerProcess {
    const env = { FLAGWIRE_URL: url, FLAGWIRE_SDK_KEY: key, FLAGS_FILE: join(folder, 'flags') };
    return new ServerProcess(['--input-type=module', '-e', example], { ...cleanEnvironment({}), ...env }, projectRoot());
  }

  it('shows a flag, sees its kill switch, ends in order, and starts without a server', async () => {
    const server = await start();
    const { key } = await server.admin.createKey('production');
    await server.admin.createFlag('checkout.new-flow', { default_variant: 'on' });
    await server.admin.patchEnv('checkout.new-flow', 'production', { status: 'enabled' });
    const program = run(server.url, key);
    await eventually(() => program.stdout.includes('\ncheckout.new-flow true\n'), PATIENCE);
    await server.admin.patchEnv('checkout.new-flow', 'production', { status: 'disabled' });
    await eventually(() => program.stdout.endsWith('checkout.new-flow false\n'), PATIENCE);
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(program.stderr).toBe('');

    await server.kill();
    const alone = run(server.url, key);
    await eventually(() => alone.stdout.includes('\ncheckout.new-flow false\n'), PATIENCE);
    expect([alone.stdout, alone.stderr]).toEqual([
      expect.stringContaining('flags are stale'),
      expect.stringMatching(/connection_failed: [\s\S]*ready_timeout: starting without/),
    ]);
    await alone.kill('SIGTERM');
  });
});
