import { type ChangeEntry, type ChangeSetAnswer, type ProjectFlag } from '@flagwire/protocol/admin';
import { type FlagDefinition, type FlagStatus } from '@flagwire/protocol/sync';
import { type Cell, plain, table } from './table.js';
import { type Colour, type Terminal } from './terminal.js';

const COLOURS = { enabled: 'green', disabled: 'red', deprecated: 'yellow' } as const satisfies Record<FlagStatus, Colour>;

export function statusCell(terminal: Terminal, status: FlagStatus): Cell {
  return { text: status, paint: (text) => terminal.paint(COLOURS[status], text) };
}

/** Lines of a name and a value. */
function facts(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`.trimEnd()).join('\n');
}

const orCodeDefault = (variant: string | null): string => variant ?? '(the default in the code)';

/** A flag as one environment's clients see it. */
export function definitionText(terminal: Terminal, flag: FlagDefinition, environment: string): string {
  const { metadata } = flag;
  const head = `${terminal.paint('bold', flag.id)}  ${terminal.paint(COLOURS[flag.status], flag.status)} in ${environment}`;
  return `${head}\n${facts([
    ...sharedFacts(flag),
    ['default', orCodeDefault(flag.default_variant)],
    ['targeting', Object.keys(flag.targeting).length === 0 ? 'none' : JSON.stringify(flag.targeting)],
    ['tags', metadata.tags.join(', ')],
    ['owner', metadata.owner ?? ''],
    ['version', `${metadata.version} of ${metadata.updated_at}`],
  ])}`;
}

/** A flag with its settings in each environment. */
export function flagText(terminal: Terminal, flag: ProjectFlag): string {
  const archived = flag.archived_at === null ? '' : `  ${terminal.paint('red', `archived ${flag.archived_at}`)}`;
  const shared = facts([
    ...sharedFacts(flag),
    ['default', orCodeDefault(flag.default_variant)],
    ['tags', flag.tags.join(', ')],
    ['owner', flag.owner ?? ''],
  ]);
  const rows = Object.entries(flag.environments).map(([environment, setting]) => [
    environment,
    statusCell(terminal, setting.status),
    orCodeDefault(setting.default_variant === undefined ? flag.default_variant : setting.default_variant),
    Object.keys(setting.targeting).length === 0 ? 'none' : 'yes',
    String(setting.version),
  ]);
  const settings = table(['ENVIRONMENT', 'STATUS', 'DEFAULT', 'TARGETING', 'VERSION'], rows);
  return `${terminal.paint('bold', flag.id)}${archived}\n${shared}\n\n${settings}`;
}

function sharedFacts(flag: FlagDefinition | ProjectFlag): [string, string][] {
  return [
    ['name', flag.name],
    ['description', flag.description],
    ['type', flag.value_type],
    [
      'variants',
      Object.entries(flag.variants)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(' '),
    ],
  ];
}

/** What a change set made, and where the log stands now. */
export function changeSetText(terminal: Terminal, { changes, cursor, revision }: ChangeSetAnswer, environment: string): string {
  const lines =
    changes.length === 0 ? ['Nothing changed: it is so already.'] : changes.map((entry) => changeText(terminal, entry));
  return [...lines, `${environment} is at revision ${revision}, cursor ${cursor}`].join('\n');
}

/** One flag's change in a line. */
export function changeText(terminal: Terminal, { flag, before, after }: Omit<ChangeEntry, 'type'>): string {
  const name = terminal.paint('bold', flag);
  if (after === null) return `${name}  ${terminal.paint('red', 'archived')}`;
  if (before === null) return `${name}  ${terminal.paint('green', 'created')}, ${after.status}`;
  const parts = [
    ...(before.status === after.status ? [] : [`${before.status} → ${terminal.paint(COLOURS[after.status], after.status)}`]),
    ...(before.default_variant === after.default_variant
      ? []
      : [`default ${orCodeDefault(before.default_variant)} → ${orCodeDefault(after.default_variant)}`]),
    ...(JSON.stringify(before.targeting) === JSON.stringify(after.targeting) ? [] : ['targeting changed']),
  ];
  return `${name}  ${parts.length === 0 ? 'changed' : parts.join(', ')}`;
}
