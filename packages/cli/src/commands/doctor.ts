import { type Command, Option } from 'commander';
import { EXIT, own } from '../command-error.js';
import { Doctor } from '../doctor/doctor.js';
import { type Finding, type Verdict } from '../doctor/finding.js';
import { SDK_KEY, TOKEN } from '../environment.js';
import { onServer, seconds, type ServerOptions } from '../options.js';
import { plain } from '../output/table.js';
import { type Colour, type Terminal } from '../output/terminal.js';
import { runs } from '../run.js';

interface DoctorOptions extends ServerOptions {
  keyFile?: string;
  patience: number;
}

const COLOURS = { ok: 'green', warning: 'yellow', fault: 'red', skipped: 'dim' } as const satisfies Record<Verdict, Colour>;
const PATIENCE_S = 10;

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('Looks for what is wrong between here and a server: address, proxies, clocks, keys.');
  onServer(command)
    .addOption(
      new Option('--key-file <path>', 'file with a server key, in place of FLAGWIRE_SDK_KEY').env('FLAGWIRE_SDK_KEY_FILE'),
    )
    .option('--patience <seconds>', 'how long a stream may take for its first sync', seconds, PATIENCE_S);
  runs<DoctorOptions>(command, async (session) => {
    const { options, terminal, url, signal } = session;
    const token = session.secret(TOKEN, 'tokenFile');
    const key = session.secret(SDK_KEY, 'keyFile');
    const times = { timeoutMs: options.timeout * 1000, patienceMs: options.patience * 1000 };
    const checks = await new Doctor({ url, token, key, signal, ...times }).examine();
    const faults = checks.filter(({ verdict }) => verdict === 'fault').length;
    terminal.result({ ok: faults === 0, checks }, checks.map((finding) => lineOf(terminal, finding)).join('\n'));
    if (faults > 0) throw own('faults_found', `${faults} of ${checks.length} checks found a fault.`, EXIT.faults);
  });
}

function lineOf(terminal: Terminal, { check, verdict, detail, hint }: Finding): string {
  const head = `${terminal.paint(COLOURS[verdict], verdict.padEnd(7))}  ${check.padEnd(10)}  `;
  const indent = ' '.repeat(21);
  return `${head}${plain(detail)}${hint === undefined ? '' : `\n${indent}${plain(hint)}`}`;
}
