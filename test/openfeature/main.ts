import { createEveryKind } from '../ofrep/support/every-kind.js';
import { freePort } from '../support/free-port.js';
import { disposeServers, startServer } from '../support/server.js';
import { CAPABILITIES, type ClientRow } from './client-row.js';
import { flagdProvider } from './clients/flagd-provider.js';
import { flagwireProvider } from './clients/flagwire-provider.js';
import { ofrepProvider } from './clients/ofrep-provider.js';
import { ofrepWebProvider } from './clients/ofrep-web-provider.js';
import { ofrepWebProviderInChromium } from './clients/ofrep-web-provider-chromium.js';

const ROWS: readonly ClientRow[] = [ofrepProvider, ofrepWebProvider, ofrepWebProviderInChromium, flagwireProvider, flagdProvider];

interface Tried {
  readonly cells: string[];
  readonly faults: string[];
}

/** The checks in the order of the columns: the later ones change flags, end the server and revoke the key. */
async function tryOut(row: ClientRow): Promise<Tried> {
  const grpcPort = await freePort();
  const retry = { FLAGWIRE_RETRY_MIN_MS: '1000', FLAGWIRE_RETRY_MAX_MS: '1500' };
  const server = await startServer({ env: { ...retry, GRPC_PORT: String(grpcPort), FLAGWIRE_DRAIN_S: '0' } });
  try {
    await createEveryKind(server.admin);
    const { checks, close } = await row.connect({
      server,
      grpcPort,
      key: await server.admin.createKey('production', row.keyKind),
    });
    const tried: Tried = { cells: [], faults: [] };
    for (const capability of CAPABILITIES) {
      const check = checks[capability];
      try {
        await check?.();
        tried.cells.push(check === undefined ? '–' : '✓');
      } catch (error) {
        tried.cells.push('✗');
        tried.faults.push(`${row.name}, ${capability}: ${String(error)}`);
      }
    }
    await close();
    return tried;
  } finally {
    await disposeServers([server]);
  }
}

/** @returns the exit code. */
export async function main(print: (line: string) => void): Promise<number> {
  const width = Math.max(...ROWS.map(({ name }) => name.length));
  print([''.padEnd(width), ...CAPABILITIES].join('  '));
  const faults: string[] = [];
  for (const row of ROWS) {
    if (typeof row.missing === 'string') {
      print(`${row.name.padEnd(width)}  not tried: ${row.missing}`);
      continue;
    }
    const tried = await tryOut(row);
    const cells = CAPABILITIES.map((capability, index) => (tried.cells[index] ?? '').padEnd(capability.length));
    print([row.name.padEnd(width), ...cells].join('  '));
    faults.push(...tried.faults);
  }
  for (const fault of faults) print(fault);
  print('✓ holds   ✗ does not   – not a thing that this client does');
  return faults.length === 0 ? 0 : 1;
}
