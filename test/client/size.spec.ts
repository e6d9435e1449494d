import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { projectRoot } from '../support/project-root.js';

const LIMIT = 12 * 1024;

describe('The core of the client', () => {
  it('is under 12 KB with all that it needs, and is bundled for a browser, which has nothing of Node.js', async () => {
    const { outputFiles } = await build({
      absWorkingDir: projectRoot(),
      entryPoints: [join(projectRoot(), 'packages/client/dist/client.js')],
      ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2022', logLevel: 'silent' },
    });
    const [bundle] = outputFiles;
    const size = gzipSync(bundle?.contents ?? '').length;
    process.stdout.write(`the core of the client: ${size} bytes by gzip, ${bundle?.contents.length ?? 0} without\n`);
    expect(size).toBeLessThan(LIMIT);
    expect(size).toBeGreaterThan(1000);
  });
});
