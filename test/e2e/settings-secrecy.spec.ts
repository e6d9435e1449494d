import { describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { freshDatabase } from '../support/fresh-database.js';
import { runServerToEnd, type ServerOptions, type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';

const PASSWORD = 'correct-horse-battery-staple-0815';
const at = (place: string, scheme = 'postgres') => `${scheme}://flagwire:${PASSWORD}@${place}`;

const start = useServers();

/** Half of it is as good as the whole. */
function shown(output: string): string[] {
  return [PASSWORD.slice(0, 14), PASSWORD.slice(-14)].filter((part) => output.includes(part));
}

const outputOf = (server: TestServer): string => server.stdout() + server.stderr();

/** What a server says that ends by itself. */
async function lastWords(options: ServerOptions): Promise<string> {
  const { code, stdout, stderr } = await runServerToEnd(options);
  expect({ code, stdout, stderr }).toMatchObject({ code: 1 });
  return stdout + stderr;
}

describe('a secret in the settings is not printed', () => {
  const refused: [what: string, env: Record<string, string>, says: string][] = [
    ['a database of no kind that there is', { DATABASE_URL: at('127.0.0.1/flagwire', 'mysql') }, 'DATABASE_URL'],
    ['a database whose port is none', { DATABASE_URL: at('127.0.0.1:port/flagwire') }, 'DATABASE_URL'],
    ['a database whose port is too large', { DATABASE_URL: at('127.0.0.1:99999/flagwire') }, 'DATABASE_URL'],
    ['an address to listen at of another kind', { DATABASE_LISTEN_URL: at('127.0.0.1/x', 'mysql') }, 'DATABASE_LISTEN_URL'],
    ['a public address with a password', { FLAGWIRE_PUBLIC_URL: at('flags.example.com', 'https') }, 'FLAGWIRE_PUBLIC_URL'],
    ['a setting that is misspelt', { FLAGWIRE_DATABASE_URL: at('127.0.0.1/x') }, 'FLAGWIRE_DATABASE_URL'],
    ['an admin token that is too short', { FLAGWIRE_ADMIN_TOKEN: PASSWORD.slice(0, 31) }, 'FLAGWIRE_ADMIN_TOKEN'],
    ['an admin token with white space', { FLAGWIRE_ADMIN_TOKEN: `${PASSWORD} with a space` }, 'FLAGWIRE_ADMIN_TOKEN'],
    ['an admin token where its file belongs', { FLAGWIRE_ADMIN_TOKEN_FILE: PASSWORD }, 'FLAGWIRE_ADMIN_TOKEN_FILE'],
    ['a token where a number belongs', { PORT: PASSWORD }, 'PORT'],
  ];
  it.each(refused)('where the server refuses to start: %s', async (_, env, says) => {
    const withFile = 'FLAGWIRE_ADMIN_TOKEN_FILE' in env ? { FLAGWIRE_ADMIN_TOKEN: undefined } : {};
    const said = await lastWords({ env: { ...withFile, ...env } });
    expect(said).toContain(says);
    expect(shown(said)).toEqual([]);
  });

  const away: [what: string, url: string][] = [
    ['white space in the password', `postgres://flagwire:${PASSWORD} @127.0.0.1:1/x`],
    ['a percent sign that stands for nothing', `postgres://flagwire:%zz${PASSWORD}@127.0.0.1:1/x`],
    ['a certificate that is not there', `${at('127.0.0.1:1/x')}?sslmode=verify-full&sslrootcert=/no/such`],
  ];
  it.each(away)('where the address of the database has %s', async (_, DATABASE_URL) => {
    const server = await start({ env: { DATABASE_URL, FLAGWIRE_LOG_LEVEL: 'trace' }, until: 'live' });
    await eventually(() => /"level":"warn".*cannot be reached/.test(outputOf(server)), { timeoutMs: 30_000, what: 'a warning' });
    expect(shown(outputOf(server))).toEqual([]);
  });

  it('where nobody listens at the address, and where the password is wrong', async () => {
    const database = await freshDatabase('secrecy');
    const refusing = new URL(database.url);
    refusing.password = PASSWORD;
    const nobody = at(`127.0.0.1:${await freePort()}/x`);
    for (const [DATABASE_URL, reason] of [
      [refusing.href, 'password authentication failed'],
      [nobody, 'ECONNREFUSED'],
    ] as const) {
      const server = await start({ env: { DATABASE_URL, FLAGWIRE_LOG_LEVEL: 'trace' }, until: 'live' });
      await eventually(() => outputOf(server).includes(reason), { timeoutMs: 30_000, what: reason });
      expect(shown(outputOf(server))).toEqual([]);
    }
    await database.drop();
  });

  it('where the database turns its node away in the midst of its work', async () => {
    const database = await freshDatabase('secrecy');
    const role = `${database.name}_role`;
    await database.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, PASSWORD];
    const server = await start({ database: url.href, env: { FLAGWIRE_LOG_LEVEL: 'trace' } });
    try {
      await database.query(`ALTER ROLE ${role} NOLOGIN`);
      await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, [role]);
      const refused = await eventually(async () => {
        const answer = await server.admin.request('POST', '/api/projects', { key: 'x', name: 'x' });
        return answer.status >= 500 && answer;
      });
      await eventually(() => /"level":"warn"/.test(outputOf(server)), { what: 'a warning' });
      expect(shown(outputOf(server) + JSON.stringify(refused))).toEqual([]);
    } finally {
      await server.kill();
      await database.drop();
    }
  });

  /** Makes `statement` part of the server, run when it begins to listen: as a module of a team's own might be. */
  const listening = (statement: string): string[] => {
    const module = `import net from 'node:net';
      const { listen } = net.Server.prototype;
      const error = () => new Error('no connection to ' + process.env.DATABASE_URL);
      net.Server.prototype.listen = function (...args) { ${statement}; return listen.apply(this, args); };`;
    return ['--import', `data:text/javascript,${encodeURIComponent(module)}`];
  };
  const crashes: [what: string, statement: string][] = [
    ['an error that nobody catches', 'setImmediate(() => { throw error() })'],
    ['a rejection that nobody handles', 'setImmediate(() => Promise.reject(error()))'],
    ['a start that fails', 'throw error()'],
  ];
  it.each(crashes)('where the server ends by %s', async (_, statement) => {
    const env = { DATABASE_URL: at('127.0.0.1:1/x') };
    const said = await lastWords({ nodeArgs: listening(statement), env });
    expect(said).toContain('no connection to postgres://flagwire:[redacted]@127.0.0.1:1/x');
    expect(shown(said)).toEqual([]);
  });
});
