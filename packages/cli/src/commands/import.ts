import { type ImportReport } from '@flagwire/protocol/admin';
import { isObject } from '@flagwire/protocol/sync';
import { type Command, Option } from 'commander';
import { usage } from '../command-error.js';
import { readText } from '../input.js';
import { collect, type EnvironmentOptions, inEnvironment, once } from '../options.js';
import { importText } from '../output/import-text.js';
import { Progress } from '../output/progress.js';
import { runs } from '../run.js';
import { environmentOf, inProject } from '../session.js';

const FORMATS = ['flagwire', 'flagd'] as const;
type Format = (typeof FORMATS)[number];

interface ImportOptions extends EnvironmentOptions {
  format?: Format;
  replace?: true;
  dryRun?: true;
  ifMatch?: string[];
  idempotencyKey?: string;
}

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .description('Takes an export, or a flag file of flagd, into a project: one revision in each environment, all or nothing.');
  once(inEnvironment(command.argument('<file>', 'the document, - for stdin')))
    .addOption(new Option('--format <format>', 'default: what the document says; flagd needs --env').choices(FORMATS))
    .option('--replace', 'archive the flags that the document lacks')
    .option('--dry-run', 'say what would change, and write nothing')
    .option('--if-match <cursor>', 'only where an environment still is at this cursor; may be given more than once', collect);
  runs<ImportOptions>(command, async ({ api, options, terminal }, file = '') => {
    const body = await readText(file);
    const document = parseDocument(file, body);
    const format = options.format ?? formatOf(document);
    const query = {
      ...(format === 'flagd' && { format, environment: environmentOf(options) }),
      ...(options.replace && { mode: 'replace' }),
      ...(options.dryRun && { dry_run: 'true' }),
    };
    const progress = new Progress(terminal);
    try {
      const { body: report } = await api.call<ImportReport>({
        method: 'POST',
        path: inProject(options, 'import'),
        query,
        body,
        ifMatch: options.ifMatch?.map((cursor) => `"${cursor}"`).join(', '),
        idempotencyKey: options.idempotencyKey,
        onSent: (bytes, total) => progress.sent(bytes, total),
      });
      progress.end();
      terminal.result(report, importText(terminal, report));
    } finally {
      progress.end();
    }
  });
}

function parseDocument(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw usage(`${file === '-' ? 'stdin' : file} does not hold JSON: ${(error as SyntaxError).message}`);
  }
}

/** In a document of flagd flags stand by their ids; an export has a list of them. */
function formatOf(document: unknown): Format {
  return isObject(document) && isObject(document['flags']) && document['format'] === undefined ? 'flagd' : 'flagwire';
}
