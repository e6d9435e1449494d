import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { httpRequest } from './http-request.js';
import { knownSecrets, takeSeen } from './known-secrets.js';
import { countSearch } from './search-tally.js';

/** What a first start prints, on purpose and once. */
const WELCOME = /^ {2}A new database\. These are shown only this once:$[^]*?\/docs$/m;
/** The row of the secret that tickets are signed with, as PostgreSQL prints it and as SQLite stores it: every node has to read it. */
const SIGNING = /ticket,?([0-9a-f]{64}),?20\d\d-/g;
/** `invalid_catalog_name`: the database has been dropped. */
const DROPPED = '3D000';

/** What a server has left behind. */
export interface Remains {
  origin: string;
  stdout: string;
  stderr: string;
  /** Empty where the server could no longer be asked. */
  metrics: string;
  databaseUrl: string;
  /** Whether it was made for this server: another one may not be there any more, or never have been. */
  ownsDatabase: boolean;
}

interface Place {
  name: string;
  kind: 'logs' | 'databases' | 'metrics';
  text: string;
}

let counted = 0;

/** The text of /metrics; empty where it does not answer within a second. */
export async function metricsOf(origin: string, adminToken: string): Promise<string> {
  const headers = { Authorization: `Bearer ${adminToken}` };
  const answer = await httpRequest(`${origin}/metrics`, { headers, timeoutMs: 1000 }).catch(() => undefined);
  return answer?.status === 200 ? answer.text : '';
}

/** Raw bytes: what SQLite has deleted and not overwritten is there, too. */
function sqlitePlaces(url: string): Place[] {
  const file = url.replace(/^sqlite:(\/\/)?/, '');
  if (!existsSync(dirname(file))) return [];
  const entries = readdirSync(dirname(file), { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.startsWith(basename(file)));
  return files.map(({ name }) => ({ name, kind: 'databases', text: readFileSync(join(dirname(file), name), 'latin1') }));
}

/** Every row of every table. */
async function postgresPlaces(url: string, timeoutMs: number): Promise<Place[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const tables = `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`;
    const places: Place[] = [];
    for (const { name } of (await client.query<{ name: string }>(tables)).rows) {
      const { rows } = await client.query<{ line: string }>(`SELECT t::text AS line FROM "${name}" t`);
      places.push({ name: `the table ${name}`, kind: 'databases', text: rows.map(({ line }) => line).join('\n') });
    }
    return places;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function databasePlaces({ databaseUrl, ownsDatabase }: Remains): Promise<Place[]> {
  if (!databaseUrl.startsWith('postgres')) return sqlitePlaces(databaseUrl);
  try {
    return await postgresPlaces(databaseUrl, ownsDatabase ? 10_000 : 1000);
  } catch (error) {
    if (ownsDatabase && (error as { code?: string }).code !== DROPPED) throw error;
    return [];
  }
}

/** Where secrets must not be, without the two places where they have to. Whatever is a secret in those is known from now on. */
async function placesOf(remains: Remains): Promise<Place[]> {
  const { stdout, stderr, metrics } = remains;
  knownSecrets.noteAll(WELCOME.exec(stdout)?.[0] ?? '');
  const databases = await databasePlaces(remains);
  for (const place of databases) {
    for (const [, secret = ''] of place.text.matchAll(SIGNING))
      knownSecrets.note(secret, 'the secret that tickets are signed with');
    place.text = place.text.replace(SIGNING, '');
  }
  return [
    { name: 'stdout', kind: 'logs', text: stdout.replace(WELCOME, '') },
    { name: 'stderr', kind: 'logs', text: stderr },
    { name: '/metrics', kind: 'metrics', text: metrics },
    ...databases,
  ];
}

/**
 * Searches output, metrics and database of a server, and the answers seen since the last search, for every secret that this test
 * file knows.
 * @throws Error which says where one was found, or that the database cannot be read.
 */
export async function searchRemains(remains: Remains): Promise<void> {
  const from = performance.now();
  const places = await placesOf(remains);
  const { findings, bytes: refusals } = takeSeen();
  const sizes = { logs: 0, databases: 0, metrics: 0 };
  for (const { name, kind, text } of places) {
    sizes[kind] += text.length;
    const found = knownSecrets.find(text);
    if (found.length > 0) findings.push(`${name} of ${remains.origin} holds ${found.join(', ')}`);
  }
  const ms = performance.now() - from;
  countSearch({ servers: 1, secrets: knownSecrets.size - counted, found: findings.length, ms, ...sizes, refusals });
  counted = knownSecrets.size;
  if (findings.length > 0) throw new Error(`secrets were found where they must not be:\n${findings.join('\n')}`);
}
