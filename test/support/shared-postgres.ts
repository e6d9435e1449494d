import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GlobalConfig, type ProjectConfig } from 'jest';
import { SHARED_POSTGRES } from './fresh-database.js';
import { startPostgres, type TestPostgres } from './postgres.js';

let shared: TestPostgres | undefined;

function specFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true, recursive: true });
  return files.filter((file) => /\.spec\.ts$/.test(file.name)).map((file) => join(file.parentPath, file.name));
}

/** Unit tests stand beside the source and need no database: a run of them alone does not pay for one. */
function asksForTests(globalConfig: GlobalConfig, projectConfig: ProjectConfig): boolean {
  const { rootDir } = projectConfig;
  const executor = globalConfig.testPathPatterns.toExecutor({ rootDir });
  return !executor.isSet() || specFiles(join(rootDir, 'test')).some((file) => executor.isMatch(file));
}

/**
 * Starts the PostgreSQL of this Jest run and hands its URL to the workers by FLAGWIRE_TEST_PG_URL.
 * Does nothing where that is set already (a database of the CI's own), or where no test under `test/` was asked for.
 */
export async function startSharedPostgres(globalConfig: GlobalConfig, projectConfig: ProjectConfig): Promise<void> {
  if (process.env[SHARED_POSTGRES] !== undefined || !asksForTests(globalConfig, projectConfig)) return;
  shared = await startPostgres();
  process.env[SHARED_POSTGRES] = shared.url;
}

/** Ends what `startSharedPostgres` started. */
export async function stopSharedPostgres(): Promise<void> {
  if (shared === undefined) return;
  delete process.env[SHARED_POSTGRES];
  await shared.stop();
  shared = undefined;
}
