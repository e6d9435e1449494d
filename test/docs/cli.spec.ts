import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { addCommands } from '@flagwire/cli';
import { Command } from 'commander';
import { EXIT } from '../../packages/cli/src/command-error.js';
import { CHECKS } from '../../packages/cli/src/doctor/finding.js';
import { COMMAND_LINE_NAMES } from '../../src/config/settings.js';
import { projectRoot } from '../support/project-root.js';

const page = readFileSync(join(projectRoot(), 'docs', 'cli.md'), 'utf8');

/** The first cells of the table whose head is `head`. */
function firstCells(head: string): string[] {
  const [, table = ''] = page.split(`| ${head} |`);
  const rows = (table.split('\n\n')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return rows.map((row) => row.split('|')[1]?.trim() ?? '');
}

const names = (cells: string[]): string[] =>
  cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));

describe('docs/cli.md', () => {
  const program = new Command('flagwire');
  addCommands(program);

  it('has every command', () => {
    const commands = program.commands.map((command) => command.name());
    expect(firstCells('Command').map((cell) => names([cell])[0]?.split(' ')[0])).toEqual(['start', ...commands]);
    const keys = program.commands.find((command) => command.name() === 'keys')?.commands.map((command) => command.name());
    const [row = ''] = firstCells('Command').filter((cell) => cell.startsWith('`keys '));
    expect(names([row.replace('keys ', '')]).map((name) => name.split(' ')[0])).toEqual(keys);
  });

  it('has every variable, with the option that stands for it', () => {
    expect(names(firstCells('Variable'))).toEqual(COMMAND_LINE_NAMES);
    const all = [...program.commands, ...program.commands.flatMap((command) => command.commands)];
    const options = all.flatMap((command) =>
      command.options.flatMap(({ envVar, long }) => (envVar === undefined ? [] : [[envVar, long]])),
    );
    const missing = options.filter(([variable, long]) => !page.includes(`| \`${variable}\` | \`${long}\` |`));
    expect(missing).toEqual([]);
  });

  it('has every exit code, and every check of the doctor', () => {
    expect(firstCells('Exit code').map(Number)).toEqual(Object.values(EXIT));
    expect(names(firstCells('Check'))).toEqual([...CHECKS]);
  });
});
