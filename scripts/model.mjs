/** `npm run test:model -- --seed S --runs N`: the client's state machine against a model of the server's log, by N schedules of each kind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runJest } from './run-jest.mjs';

const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string', default: '10000' } } });
process.env.FLAGWIRE_MODEL_RUNS = values.runs;
if (values.seed !== undefined) process.env.FLAGWIRE_MODEL_SEED = values.seed;

const folder = mkdtempSync(join(tmpdir(), 'flagwire-model-'));
try {
  const args = ['--selectProjects=main', '--testPathPatterns=packages/client/src/sync/apply.property', '--testTimeout=86400000'];
  process.exitCode = await runJest(args, { outputFile: join(folder, 'results.json') });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
