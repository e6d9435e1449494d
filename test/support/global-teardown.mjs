import './load-typescript.mjs';

export default async function globalTeardown() {
  const { stopSharedPostgres } = await import('./shared-postgres.ts');
  await stopSharedPostgres();
}
