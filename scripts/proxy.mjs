/** `npm run test:proxy -- --seed S --count N`: clients of every transport through a proxy that breaks connections, by N schedules. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runJest } from './run-jest.mjs';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '20' } } });
process.env.FLAGWIRE_PROXY_SEED = values.seed;
process.env.FLAGWIRE_PROXY_COUNT = values.count;

const folder = mkdtempSync(join(tmpdir(), 'flagwire-proxy-'));
try {
  const args = ['--selectProjects=main', '--testPathPatterns=test/client/proxy.spec'];
  process.exitCode = await runJest(args, { outputFile: join(folder, 'results.json') });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
