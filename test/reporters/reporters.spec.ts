import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../support/project-root.js';

const IN_FOUR_CELLS = `
  describe('[matrix] resumes | sse | sqlite', () => { it('once', () => {}); it('twice', () => {}); });
  it('[matrix] resumes | sse | postgres', () => { throw new Error('lost one'); });
  it('[matrix] resumes | poll | sqlite', () => {});
  it('[matrix] never backwards | sse | sqlite', () => {});
`;
const REASONS = {
  'resumes|poll|postgres': 'a poll has no session',
  'never backwards|poll': 'a poll has no session',
  'never backwards|sse|postgres': 'covered by the tail',
};

describe('the closing lines of a run', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagwire-reporters-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }

  /** Runs Jest over what was written, with our reporters. */
  function jest(...args: string[]): Promise<{ code: number; lines: string[] }> {
    return jestWith(['matrix', 'summary'], ...args);
  }

  function jestWith(names: string[], ...args: string[]): Promise<{ code: number; lines: string[] }> {
    const reporters = names.map((name) => join(projectRoot(), `test/reporters/${name}.cjs`));
    const config = { rootDir: folder, testMatch: ['**/*.spec.js'], transform: {}, reporters: ['default', ...reporters] };
    const bin = join(projectRoot(), 'node_modules/jest/bin/jest.js');
    const options = ['--config', JSON.stringify(config), '--runInBand', ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, [bin, ...options], { cwd: folder }, (error, stdout) => {
        resolve({ code: error ? Number(error.code) : 0, lines: stdout.trimEnd().split('\n') });
      });
    });
  }

  it('counts passed, failed and skipped tests, and a suite that does not start as failed', async () => {
    write('a.spec.js', `it('a', () => {}); it('b', () => { throw new Error('no'); }); it.skip('c', () => {}); it.todo('d');`);
    write('b.spec.js', `const = 1;`);
    const { code, lines } = await jest();
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 2 skipped');
    expect(code).toBe(1);
  });

  it('prints no matrix where no contract test ran', async () => {
    write('a.spec.js', `it('a', () => {});`);
    const { code, lines } = await jest();
    expect(lines.join('\n').trim()).toBe('1 passed, 0 failed, 0 skipped');
    expect(code).toBe(0);
  });

  it('shows the contract tests as a table of promises by transport and database', async () => {
    write('contract.spec.js', IN_FOUR_CELLS);
    write('test/contract/matrix-reasons.json', JSON.stringify(REASONS));
    const { lines } = await jest();
    expect(lines.filter((line) => line.trim() !== '')).toEqual([
      expect.stringMatching(/^ +sse +sse +poll$/),
      expect.stringMatching(/^ +sqlite +postgres +sqlite$/),
      expect.stringMatching(/^resumes +✓ +✗ +✓$/),
      expect.stringMatching(/^never backwards +✓ +\[1\] +\[2\]$/),
      '[1] covered by the tail',
      '[2] a poll has no session',
      '4 passed, 1 failed, 0 skipped',
    ]);
  });

  it('fails a run with a cell that is empty without a reason', async () => {
    write('contract.spec.js', IN_FOUR_CELLS.replace(`throw new Error('lost one');`, ''));
    write('test/contract/matrix-reasons.json', JSON.stringify({ ...REASONS, 'never backwards|poll': undefined }));
    const { code, lines } = await jest();
    expect(lines).toContain('EMPTY without a reason: never backwards | poll | sqlite');
    expect(lines.at(-1)).toBe('5 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  it('takes a skipped test for an empty cell', async () => {
    write('contract.spec.js', `it('[matrix] a | sse | sqlite', () => {}); it.skip('[matrix] b | sse | sqlite', () => {});`);
    const { code, lines } = await jest();
    expect(lines).toContain('EMPTY without a reason: b | sse | sqlite');
    expect(code).toBe(1);
  });

  it('asks for no reason where only some tests were asked for', async () => {
    write('contract.spec.js', IN_FOUR_CELLS);
    const { code, lines } = await jest('-t', 'never backwards');
    expect(lines).toContainEqual(expect.stringMatching(/^never backwards +✓ +· +·$/));
    expect(code).toBe(0);
  });

  const searching = (counts: object) => `
    it('searches', () => {
      require('node:fs').appendFileSync(process.env.FLAGWIRE_TEST_SEARCHES, ${JSON.stringify(JSON.stringify(counts))} + '\\n');
    });
  `;
  const everywhere = { logs: 2e6, metrics: 1e6, databases: 3e6, refusals: 1e6 };

  it('says how much was searched for secrets, in all suites together', async () => {
    write('a.spec.js', searching({ servers: 1, secrets: 4, found: 0, ms: 1500, ...everywhere }));
    write('b.spec.js', searching({ servers: 1, secrets: 2, found: 0, ms: 500, logs: 1e6 }));
    const { code, lines } = await jestWith(['secrets', 'summary']);
    expect(lines).toContain(
      'Searched what 2 servers left behind for 6 secrets, in 2.0 s: ' +
        '3,000 kB of logs, 1,000 kB of metrics, 3,000 kB of databases, 0 kB of traces, 1,000 kB of refusals. None found.',
    );
    expect(code).toBe(0);
  });

  it('fails a run of all tests in which some kind of place was not searched, and no run of some', async () => {
    write('a.spec.js', searching({ servers: 1, secrets: 4, found: 0, ms: 1, ...everywhere, databases: 0 }));
    expect((await jestWith(['secrets'])).code).toBe(1);
    expect((await jestWith(['secrets'], '-t', 'searches')).code).toBe(0);
    write('a.spec.js', `it('a', () => {});`);
    expect((await jestWith(['secrets'])).code).toBe(1);
  });
});
