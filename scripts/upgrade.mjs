/** `npm run test:upgrade -- --from COMMIT`: a node of that commit beside one of this tree, on one database. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runSuite } from './run-jest.mjs';

const { values } = parseArgs({ options: { from: { type: 'string', default: 'HEAD~1' } } });
const folder = mkdtempSync(join(tmpdir(), 'flagwire-earlier-'));
const run = (cwd, command, ...args) => execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
  run(process.cwd(), 'git', 'worktree', 'prune');
});
run(process.cwd(), 'git', 'worktree', 'add', '--detach', folder, values.from);
// Its own packages: those of its time.
run(folder, 'npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
run(folder, 'npm', 'run', 'build');
process.env.FLAGWIRE_TEST_EARLIER = join(folder, 'dist/main.js');

await runSuite(['--selectProjects=main', '--testPathPatterns=test/faults/upgrade.spec']);
