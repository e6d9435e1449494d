/** `npm run test:proxy -- --seed S --count N`: clients of every transport through a proxy that breaks connections, by N schedules. */
import { parseArgs } from 'node:util';
import { runSuite } from './run-jest.mjs';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '20' } } });
process.env.FLAGWIRE_PROXY_SEED = values.seed;
process.env.FLAGWIRE_PROXY_COUNT = values.count;

await runSuite(['--selectProjects=main', '--testPathPatterns=test/client/proxy.spec']);
