import { type ProjectFlag } from '@flagwire/protocol/admin';
import { FLAG_STATUSES, type FlagStatus } from '@flagwire/protocol/sync';
import { type Command, Option } from 'commander';
import { type EnvironmentOptions, inEnvironment as inEnvironmentOptions } from '../options.js';
import { statusCell } from '../output/flag-text.js';
import { type Cell, table } from '../output/table.js';
import { type Terminal } from '../output/terminal.js';
import { runs } from '../run.js';
import { environmentOf, inProject } from '../session.js';

interface ListOptions extends EnvironmentOptions {
  search?: string;
  tag?: string;
  status?: FlagStatus;
  archived?: true;
}

export function addList(program: Command): void {
  const command = program.command('list').description('Lists the flags of a project, with their status in each environment.');
  inEnvironmentOptions(command)
    .option('-s, --search <text>', 'that have it in their id, name or description')
    .option('-t, --tag <tag>', 'that have this tag')
    .addOption(
      new Option('--status <status>', 'that have it in at least one environment, or in that of --env').choices(FLAG_STATUSES),
    )
    .option('--archived', 'the archived ones, not the others');
  runs<ListOptions>(command, async ({ api, options, terminal }) => {
    const { search, tag, status } = options;
    const only = options.env === undefined || options.env === '' ? null : environmentOf(options);
    const query = { search, tag, status, ...(options.archived && { archived: 'true' }) };
    const items: ProjectFlag[] = [];
    for await (const flag of api.pages<ProjectFlag>(inProject(options, 'flags'), query)) {
      if (only === null || status === undefined || flag.environments[only]?.status === status) items.push(flag);
    }
    terminal.result({ items }, listText(terminal, items, only));
  });
}

function listText(terminal: Terminal, flags: readonly ProjectFlag[], only: string | null): string {
  if (flags.length === 0) return 'No flag.';
  const all = [...new Set(flags.flatMap((flag) => Object.keys(flag.environments)))].sort();
  const environments = only === null ? all : [only];
  const rows = flags.map((flag): (string | Cell)[] => {
    const settings = environments.map((environment) => flag.environments[environment]?.status);
    return [
      flag.id,
      flag.value_type,
      ...settings.map((status) => (status === undefined ? '' : statusCell(terminal, status))),
      flag.name,
    ];
  });
  return table(['ID', 'TYPE', ...environments.map((environment) => environment.toUpperCase()), 'NAME'], rows);
}
