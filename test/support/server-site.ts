import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { freshDatabase } from './fresh-database.js';

/** What outlives the process: where it listens, and its data. */
export interface Site {
  port: number;
  databaseUrl: string;
  /** False for a database that somebody else made. */
  ownsDatabase: boolean;
  dataDir: string;
  release: () => Promise<void>;
}

/** A port, a folder and a database, as `ServerOptions` say. */
export async function makeSite(options: { database?: string; port?: number; dataDir?: string }): Promise<Site> {
  const { database = 'sqlite', port = await freePort() } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'flagwire-server-'));
  const fresh = database === 'postgres' ? await freshDatabase('flagwire') : null;
  const ownsDatabase = fresh !== null || database === 'sqlite';
  const databaseUrl = fresh?.url ?? (database === 'sqlite' ? `sqlite:${join(dataDir, 'flagwire.db')}` : database);
  const release = async (): Promise<void> => {
    await fresh?.drop();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  return { port, databaseUrl, ownsDatabase, dataDir, release };
}
