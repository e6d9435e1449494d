/** Plain ESM: Jest loads it outside of its module mapping, where `./x.js` would not find `x.ts`. */
import './load-typescript.mjs';

export default async function globalSetup(globalConfig, projectConfig) {
  const { startSharedPostgres } = await import('./shared-postgres.ts');
  await startSharedPostgres(globalConfig, projectConfig);
}
