import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What an npm that runs this test tells its children about itself, and would take for its own. */
const OF_THE_OUTER_NPM =
  /^(npm_(package|lifecycle|command|execpath|node_execpath|config_local_prefix|config_prefix).*|INIT_CWD|NODE_ENV)$/;

/**
 * Runs `npm` in `cwd` as if nobody else did, and gives what it printed; what the cache has is not asked for again.
 * @throws Error with its output where it fails, or takes longer than `timeoutMs`.
 */
export async function npm(cwd: string, args: readonly string[], timeoutMs = 150_000): Promise<string> {
  const kept = Object.entries(process.env).filter(([name]) => !OF_THE_OUTER_NPM.test(name));
  const env = { ...Object.fromEntries(kept), npm_config_update_notifier: 'false', npm_config_prefer_offline: 'true' };
  const quiet = ['--no-audit', '--no-fund'];
  const { stdout, stderr } = await run('npm', [...args, ...quiet], { cwd, env, timeout: timeoutMs, maxBuffer: 2 ** 26 });
  return stdout + stderr;
}
