/** `npm run test:model -- --seed S --runs N`: the client's state machine against a model of the server's log, by N schedules of each kind. */
import { parseArgs } from 'node:util';
import { runSuite } from './run-jest.mjs';

const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string', default: '10000' } } });
process.env.FLAGWIRE_MODEL_RUNS = values.runs;
if (values.seed !== undefined) process.env.FLAGWIRE_MODEL_SEED = values.seed;

await runSuite(['--selectProjects=main', '--testPathPatterns=packages/client/src/sync/apply.property', '--testTimeout=86400000']);
