import { type Command } from 'commander';
import { readDefinition, readFlag } from '../flags.js';
import { type EnvironmentOptions, inEnvironment } from '../options.js';
import { definitionText, flagText } from '../output/flag-text.js';
import { runs } from '../run.js';
import { environmentOf } from '../session.js';

export function addGet(program: Command): void {
  const command = program.command('get').description('Shows a flag: in all environments, or with --env as its clients see it.');
  inEnvironment(command.argument('<flag>', 'its id'));
  runs<EnvironmentOptions>(command, async (session, flag = '') => {
    const { terminal, options } = session;
    if (options.env === undefined || options.env === '') {
      const found = await readFlag(session, flag);
      terminal.result(found, flagText(terminal, found));
    } else {
      const found = await readDefinition(session, flag);
      terminal.result(found, definitionText(terminal, found, environmentOf(options)));
    }
  });
}
