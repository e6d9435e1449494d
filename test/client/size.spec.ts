import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { build, type Plugin } from 'esbuild';
import { projectRoot } from '../support/project-root.js';

const KB = 1024;

/** Leaves out what is loaded on demand, and notes what that is: it is fetched apart from the page's own code. */
function onDemandInto(names: Set<string>): Plugin {
  return {
    name: 'on-demand',
    setup: (bundling) =>
      bundling.onResolve({ filter: /./ }, ({ kind, path }) => {
        if (kind !== 'dynamic-import') return null;
        names.add(path.replace(/.*\/|\.js$/g, ''));
        return { path, external: true };
      }),
  };
}

/** What a page has to load of an entry, and what it loads when it needs it. */
async function bundled(entry: string): Promise<{ size: number; text: string; onDemand: string[] }> {
  const onDemand = new Set<string>();
  const { outputFiles } = await build({
    absWorkingDir: projectRoot(),
    entryPoints: [join(projectRoot(), `packages/client/dist/${entry}.js`)],
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2022', logLevel: 'silent' },
    plugins: [onDemandInto(onDemand)],
  });
  const [bundle] = outputFiles;
  const size = gzipSync(bundle?.contents ?? '').length;
  process.stdout.write(`${entry} of the client: ${size} bytes by gzip, ${bundle?.contents.length ?? 0} without\n`);
  return { size, text: bundle?.text ?? '', onDemand: [...onDemand].sort() };
}

describe('The core of the client', () => {
  it('is under 12 KB with SSE and all else that it needs, and is bundled for a browser, which has nothing of Node.js', async () => {
    const { size, text, onDemand } = await bundled('client');
    expect(size).toBeLessThan(12 * KB);
    expect(size).toBeGreaterThan(KB);
    expect(text).toContain('text/event-stream');
    // Each for a program that needs it: for one that has a stream, a key and no cache, receipts alone, after its flags have come.
    expect(onDemand).toEqual([
      ...['change-queue', 'failure-of', 'keeper', 'page', 'poll.transport', 'post-receipt', 'receipts', 'refusal', 'tickets'],
      'web-socket.transport',
    ]);
  });
});

describe('The client of values', () => {
  it('is under 11 KB with all that a page needs, and has neither definitions nor what evaluates them', async () => {
    const { size, text, onDemand } = await bundled('evaluated');
    expect(size).toBeLessThan(11 * KB);
    expect(size).toBeGreaterThan(KB);
    expect(text.includes('/ofrep/v1/evaluate/flags')).toBe(true);
    expect(['/sdk/', 'default_variant', 'SyncStarted'].filter((word) => text.includes(word))).toEqual([]);
    expect(onDemand).toEqual(['change-queue', 'failure-of', 'page', 'refusal', 'shelf']);
  });
});
