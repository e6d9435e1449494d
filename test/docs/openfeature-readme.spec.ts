import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';
import { cleanEnvironment, ServerProcess } from '../support/server-process.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PATIENCE = { timeoutMs: 15_000 };
const page = readFileSync(join(projectRoot(), 'packages/openfeature/README.md'), 'utf8');
const [example = ''] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

describe('The quick start in the README of the OpenFeature provider', () => {
  const start = useServers();
  const folder = mkdtempSync(join(tmpdir(), 'flagwire-readme-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(url: string, key: string, file = 'flags'): ServerProcess {
    const env = { FLAGWIRE_URL: url, FLAGWIRE_SDK_KEY: key, FLAGS_FILE: join(folder, file) };
    return new ServerProcess(['--input-type=module', '-e', example], { ...cleanEnvironment({}), ...env }, projectRoot());
  }

  it('shows a flag, sees its kill switch, ends in order, and starts without a server', async () => {
    const server = await start();
    const { key } = await server.admin.createKey('production');
    await server.admin.createFlag('checkout.new-flow', { default_variant: 'on' });
    await server.admin.patchEnv('checkout.new-flow', 'production', { status: 'enabled' });
    const program = run(server.url, key);
    await eventually(() => expect(program.stdout).toBe('checkout.new-flow true STATIC 2\n'), PATIENCE);
    await server.admin.patchEnv('checkout.new-flow', 'production', { status: 'disabled' });
    await eventually(() => expect(program.stdout).toContain('\ncheckout.new-flow false\n'), PATIENCE);
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(program.stderr).toBe('');

    await server.kill();
    const kept = run(server.url, key);
    await eventually(() => expect(kept.stdout).toBe('flags are stale\ncheckout.new-flow false DISABLED 3\n'), PATIENCE);
    const alone = run(server.url, key, 'nothing-was-kept');
    await eventually(() => expect(alone.stdout).toBe('checkout.new-flow false ERROR undefined\n'), PATIENCE);
    expect(alone.stderr).toMatch(/starting without: ready_timeout: /);
    for (const program of [kept, alone]) expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
