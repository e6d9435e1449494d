import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectRoot } from '../support/project-root.js';

export const FIXTURES = join(projectRoot(), 'test/rules/fixtures');

export interface Breach {
  /** Path inside of the fixtures. */
  file: string;
  rule: string;
  message: string;
}

interface LintResult {
  filePath: string;
  messages: { ruleId: string | null; message: string }[];
}

interface CruiseResult {
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
}

/** The fixtures are linted by the repository's own rules, with the fixtures' folder as the root of the tree. */
export async function lint(): Promise<Breach[]> {
  const results = JSON.parse(await run('eslint', '--config', 'eslint.fixtures.js', '--format', 'json', '.')) as LintResult[];
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, message }) => ({
      file: relative(FIXTURES, filePath),
      rule: ruleId ?? 'unused-directive',
      message,
    })),
  );
}

export async function cruise(): Promise<Breach[]> {
  const config = '../../../.dependency-cruiser.mjs';
  const folders = ['src', 'packages', 'console', 'test', 'ormconfig.ts'];
  const { summary } = JSON.parse(await run('depcruise', '--config', config, '--output-type', 'json', ...folders)) as CruiseResult;
  return summary.violations.map(({ from, to, rule }) => ({ file: from, rule: rule.name, message: `${from} → ${to}` }));
}

export async function checkFormat(): Promise<Breach[]> {
  const config = ['--config', '../../../.prettierrc.json', '--ignore-path', 'none'];
  const files = (await run('prettier', ...config, '--list-different', '.')).split('\n').filter(Boolean);
  return files.map((file) => ({ file, rule: 'prettier', message: 'not formatted' }));
}

/** What `eslint` has in force for a file of that name. */
export async function lintRulesOf(file: string): Promise<Record<string, unknown[]>> {
  const config = JSON.parse(await run('eslint', '--config', 'eslint.fixtures.js', '--print-config', file)) as {
    rules: Record<string, unknown[]>;
  };
  return config.rules;
}

/** The names of dependency-cruiser's rules, read from its configuration. */
export async function arrowRules(): Promise<string[]> {
  const script = `import('./.dependency-cruiser.mjs').then((m) => console.log(JSON.stringify(m.default.forbidden.map((r) => r.name))))`;
  return JSON.parse(await node(projectRoot(), '--eval', script)) as string[];
}

/** Paths of all fixtures, with what their leading `// breaks: rule (part of the message)` lines say. */
export function fixtures(): { file: string; breaks: { rule: string; about: string }[] }[] {
  return readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => ({ file, breaks: readExpectations(join(FIXTURES, file)) }));
}

function readExpectations(path: string): { rule: string; about: string }[] {
  const lines = readFileSync(path, 'utf8').matchAll(/^\/\/ breaks: (\S+)(?: \((.+)\))?$/gm);
  return [...lines].map(([, rule = '', about = '']) => ({ rule, about }));
}

function run(tool: string, ...args: string[]): Promise<string> {
  return node(FIXTURES, join(projectRoot(), 'node_modules/.bin', tool), ...args);
}

/** Gives stdout whatever the exit code is: these tools exit with the number of what they found. */
function node(cwd: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && stdout === '') reject(new Error(`${args.join(' ')}: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}
