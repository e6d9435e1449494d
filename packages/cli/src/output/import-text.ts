import { type ImportReport } from '@flagwire/protocol/admin';
import { changeText } from './flag-text.js';
import { table } from './table.js';
import { type Terminal } from './terminal.js';

/** Of a dry run also the changes, as far as the server lists them. */
export function importText(terminal: Terminal, report: ImportReport): string {
  const { flags, dry_run: dry, environments_created: made, environments } = report;
  const counts = Object.entries(flags).map(([how, count]) => `${count} ${how}`);
  const rows = Object.entries(environments).map(([environment, { revision, cursor, changes_total: changes }]) => [
    environment,
    String(changes),
    String(revision),
    cursor ?? '(not made yet)',
  ]);
  return [
    ...(dry ? Object.entries(environments).flatMap(([environment, of]) => changesText(terminal, environment, of)) : []),
    `${dry ? 'Nothing was written. It would be' : 'Flags'}: ${counts.join(', ')}.`,
    ...(made.length === 0 ? [] : [`Environments that ${dry ? 'would be' : 'were'} made: ${made.join(', ')}.`]),
    table(['ENVIRONMENT', 'CHANGES', 'REVISION', 'CURSOR'], rows),
  ].join('\n');
}

function changesText(terminal: Terminal, environment: string, of: ImportReport['environments'][string]): string[] {
  if (of.changes_total === 0) return [];
  const more = of.changes_total - of.changes.length;
  return [
    `${environment}:`,
    ...of.changes.map((entry) => `  ${changeText(terminal, entry)}`),
    ...(more === 0 ? [] : [`  and ${more} more`]),
    '',
  ];
}
