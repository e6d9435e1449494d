import { type Command } from 'commander';
import { change, readDefinition, type WriteOptions } from '../flags.js';
import { inEnvironment, once } from '../options.js';
import { changeSetText } from '../output/flag-text.js';
import { runs } from '../run.js';
import { environmentOf } from '../session.js';

export function addToggle(program: Command): void {
  const command = program
    .command('toggle')
    .description('Disables a flag that is enabled or deprecated in an environment, enables a disabled one.');
  once(inEnvironment(command.argument('<flag>', 'its id'))).option('-m, --comment <text>', 'stands in the audit trail');
  runs<WriteOptions>(command, async (session, flag = '') => {
    const { options, terminal } = session;
    const environment = environmentOf(options);
    const { id, status, metadata } = await readDefinition(session, flag);
    // With the version that was seen: two people who toggle at once do not undo each other.
    const entry = { flag: id, status: status === 'disabled' ? 'enabled' : 'disabled', version: metadata.version } as const;
    const { body } = await change(session, [entry]);
    terminal.result(body, changeSetText(terminal, body, environment));
  });
}
