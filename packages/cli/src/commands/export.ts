import { rename, rm, writeFile } from 'node:fs/promises';
import { type Command } from 'commander';
import { EXIT, own } from '../command-error.js';
import { inProject as inProjectOptions, type ProjectOptions } from '../options.js';
import { runs } from '../run.js';
import { inProject } from '../session.js';

interface ExportOptions extends ProjectOptions {
  output: string;
}

interface ExportedProject {
  flags: unknown[];
}

export function addExport(program: Command): void {
  const command = program.command('export').description('Prints a whole project as one JSON document, without keys and tokens.');
  inProjectOptions(command).option('-o, --output <file>', 'write it there; - is stdout', '-');
  runs<ExportOptions>(command, async ({ api, options, terminal }) => {
    const { body } = await api.call<ExportedProject>({ method: 'GET', path: inProject(options, 'export') });
    const text = `${JSON.stringify(body, null, 2)}\n`;
    if (options.output === '-') return terminal.raw(text);
    await writeWhole(options.output, text);
    const flags = body.flags.length;
    terminal.result({ file: options.output, flags }, `${flags} flags of ${options.project} are in ${options.output}.`);
  });
}

/** Either the whole document stands there afterwards, or what stood there before. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw own('unreadable_file', `${path} cannot be written (${reason}).`, EXIT.usage, 'Give the path of a file by --output.');
  }
}
