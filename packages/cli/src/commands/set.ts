import { FLAG_STATUSES, type FlagStatus, isObject } from '@flagwire/protocol/sync';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { arrival } from '../arrival.js';
import { usage } from '../command-error.js';
import { type Change, change, type WriteOptions } from '../flags.js';
import { readText } from '../input.js';
import { inEnvironment, once } from '../options.js';
import { arrivedText } from '../output/arrival-text.js';
import { changeSetText } from '../output/flag-text.js';
import { runs } from '../run.js';
import { environmentOf, flagId } from '../session.js';

interface SetOptions extends WriteOptions {
  status?: FlagStatus;
  variant?: string;
  codeDefault?: true;
  targeting?: string;
  ifVersion?: number;
  wait?: true;
}

export function addSet(program: Command): void {
  const command = program.command('set').description('Sets a flag in one environment; what is not named stays.');
  once(inEnvironment(command.argument('<flag>', 'its id')))
    .addOption(
      new Option('--status <status>', 'disabled is the kill switch: programs serve the default in their code').choices(
        FLAG_STATUSES,
      ),
    )
    .option('--variant <name>', 'the variant that is served by default')
    .addOption(new Option('--code-default', 'by default, programs serve the default in their code').conflicts('variant'))
    .option('--targeting <file>', 'file with the rules (JSONLogic as flagd has it), - for stdin; {} takes them away')
    .option('--if-version <number>', 'only where the flag is at this version in the environment', version)
    .option('--wait', 'until every client that is connected has it, at most --timeout seconds')
    .option('-m, --comment <text>', 'stands in the audit trail');
  runs<SetOptions>(command, async (session, flag = '') => {
    const { options, terminal } = session;
    const environment = environmentOf(options);
    const wanted = await wantedOf(options);
    const { ifVersion } = options;
    const entry: Change = { flag: flagId(flag), ...wanted, ...(ifVersion !== undefined && { version: ifVersion }) };
    const { body } = await change(session, [entry]);
    const text = changeSetText(terminal, body, environment);
    if (options.wait !== true) return terminal.result(body, text);
    // What is written is said first, to people: the waiting may fail.
    if (!terminal.json) terminal.result(body, text);
    const propagation = await arrival(session, body.revision);
    terminal.result({ ...body, propagation }, arrivedText(propagation));
  });
}

function version(text: string): number {
  const value = Number(text);
  if (!/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('Give a whole number from 1.');
  return value;
}

async function wantedOf({ status, variant, codeDefault, targeting }: SetOptions): Promise<Omit<Change, 'flag'>> {
  const wanted = {
    ...(status !== undefined && { status }),
    ...(variant !== undefined && { default_variant: variant }),
    ...(codeDefault && { default_variant: null }),
    ...(targeting !== undefined && { targeting: await readRules(targeting) }),
  };
  if (Object.keys(wanted).length > 0) return wanted;
  throw usage('Set what?', 'Give at least one of --status, --variant, --code-default and --targeting.');
}

async function readRules(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    const rules = JSON.parse(text) as unknown;
    if (isObject(rules)) return rules;
  } catch {
    // said below
  }
  throw usage(`${path === '-' ? 'stdin' : path} does not hold a JSON object of rules.`);
}
