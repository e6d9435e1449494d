import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Balancer, has } from '../support/balancer.js';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { flagwire, type Ran } from './support/flagwire.js';
import { MeddlingProxy, type Meddling } from './support/meddling-proxy.js';

interface Finding {
  check: string;
  verdict: string;
  detail: string;
  hint?: string;
}

/** For a stream that does not come. */
const SHORT = '2';
/** For one that does, on a machine that is busy. */
const LONG = '20';

function findingsOf({ stdout }: Ran): Record<string, Finding> {
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  return Object.fromEntries(checks.map((finding) => [finding.check, finding]));
}

function faultsOf(ran: Ran): string[] {
  return Object.values(findingsOf(ran)).flatMap(({ check, verdict }) => (verdict === 'fault' ? [check] : []));
}

describeEachDatabase('flagwire doctor', (database) => {
  const start = useServers();

  it('finds nothing wrong where nothing is, and tells the version of the server', async () => {
    const server = await start({ database });
    const { key } = await server.admin.createKey('staging');
    const env = { FLAGWIRE_URL: server.url, FLAGWIRE_TOKEN: server.adminToken, FLAGWIRE_SDK_KEY: key };
    const ran = await flagwire(['doctor', '--patience', LONG], { env });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout.split('\n').map((line) => line.slice(0, 19).trim().split(/ +/).join(' '))).toEqual([
      ...['ok reach', 'ok encryption', 'ok ready', 'ok version', 'ok clock', 'ok token', 'ok key', 'ok stream'],
      '',
    ]);
    expect(ran.stdout).toMatch(/the server is \d+\.\d+\.\d+/);
  });
});

describe('flagwire doctor finds', () => {
  const start = useServers();
  let server: TestServer;
  let key: string;
  let proxy: MeddlingProxy | undefined;

  beforeAll(async () => {
    // Nothing comes that would push out what a buffer holds.
    server = await start({ env: { FLAGWIRE_PING_S: '3600', FLAGWIRE_HEARTBEAT_S: '3600' } });
    ({ key } = await server.admin.createKey('staging'));
  }, 60_000);
  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });

  const examine = (url: string, env: Record<string, string | undefined> = {}, patience = LONG): Promise<Ran> =>
    flagwire(['doctor', '--json', '--patience', patience], {
      env: { FLAGWIRE_URL: url, FLAGWIRE_TOKEN: server.adminToken, FLAGWIRE_SDK_KEY: key, ...env },
    });

  const behind = async (meddling: Meddling): Promise<Ran> => {
    proxy = await MeddlingProxy.start(server.url, meddling);
    return examine(proxy.url, {}, meddling.buffer ? SHORT : LONG);
  };

  it('nothing in a proxy that hands on what comes', async () => {
    const ran = await behind({});
    expect([ran.code, faultsOf(ran)]).toEqual([0, []]);
  });

  it.each([
    ['and its headers', { bytes: 65_536, headersAtOnce: false }, 'not even the headers'],
    ['but not its headers', { bytes: 65_536, headersAtOnce: true }, 'headers alone'],
    ['but for full buffers', { bytes: 128, headersAtOnce: true }, 'a part alone'],
  ])('a proxy that holds a stream back (%s)', async (_name, buffer, detail) => {
    const ran = await behind({ buffer });
    expect([ran.code, faultsOf(ran)]).toEqual([5, ['stream']]);
    expect(findingsOf(ran)['stream']).toMatchObject({
      detail: expect.stringContaining(detail),
      hint: expect.stringContaining('proxy_buffering off'),
    });
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'faults_found' }, exit_code: 5 });
  });

  it.each([
    ['ahead of', -3600],
    ['behind', 3600],
  ])('a clock that is %s the server’s', async (direction, seconds) => {
    const shift = (headers: Record<string, unknown>): void => {
      headers['date'] = new Date(Date.now() + seconds * 1000).toUTCString();
    };
    const ran = await behind({ headers: shift });
    expect([ran.code, faultsOf(ran)]).toEqual([5, ['clock']]);
    expect(findingsOf(ran)['clock']?.detail).toMatch(new RegExp(`is (3598|3599|3600|3601) s ${direction}`));
  });

  it('a key and a token with a typo, and sends them nowhere', async () => {
    const { token } = await server.admin.createToken('viewer');
    proxy = await MeddlingProxy.start(server.url, {});
    const typo = (text: string): string => text.slice(0, -1) + (text.endsWith('a') ? 'b' : 'a');
    const ran = await examine(proxy.url, { FLAGWIRE_SDK_KEY: typo(key), FLAGWIRE_TOKEN: typo(token) });
    expect([ran.code, faultsOf(ran)]).toEqual([5, ['token', 'key']]);
    expect(findingsOf(ran)['key']?.detail).toContain('checksum');
    expect(proxy.asked.map(({ credential }) => credential)).toEqual(proxy.asked.map(() => undefined));
    expect(ran.stdout + ran.stderr).not.toContain(key.slice(7, 40));
  });

  it('a key that is revoked, one of another kind, and two that were mixed up', async () => {
    const { id, key: revoked } = await server.admin.createKey('staging');
    await server.admin.revokeKey('staging', id);
    expect(findingsOf(await examine(server.url, { FLAGWIRE_SDK_KEY: revoked }))['key']).toMatchObject({
      verdict: 'fault',
      detail: expect.stringContaining('(revoked_key)'),
    });
    const client = await server.admin.createKey('staging', 'client');
    const found = findingsOf(await examine(server.url, { FLAGWIRE_SDK_KEY: client.key, FLAGWIRE_TOKEN: key }));
    expect(found['key']).toMatchObject({ verdict: 'warning', detail: expect.stringContaining('client key') });
    expect(found['token']).toMatchObject({ verdict: 'fault', detail: expect.stringContaining('server key') });
  });

  it('what is no Flagwire, and what is not there', async () => {
    proxy = await MeddlingProxy.start(server.url, { headers: (headers) => void (headers['content-encoding'] = 'br') });
    const odd = await examine(proxy.url);
    expect([odd.code, faultsOf(odd)]).toEqual([5, ['reach']]);
    const nobody = await examine(`http://127.0.0.1:${await freePort()}`);
    expect(nobody.code).toBe(5);
    expect(findingsOf(nobody)).toMatchObject({ reach: { verdict: 'fault' }, stream: { verdict: 'skipped' } });
  });
});

skipIf(!has('nginx'), 'nginx is not installed').describe('flagwire doctor behind a real nginx', () => {
  const start = useServers();

  /** As its documentation has it for one server, with `more` for streams. */
  const configuration = (upstream: string, more: string) => (port: number) =>
    `server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; ${more} } }`;

  it.each([
    ['nothing as docs/operations.md has it', 'proxy_http_version 1.1;', 0],
    ['that it was told not to listen to the server', 'proxy_ignore_headers X-Accel-Buffering;', 5],
  ])('finds %s', async (_name, more, code) => {
    const server = await start();
    const { key } = await server.admin.createKey('staging');
    const nginx = await Balancer.start('nginx', configuration(server.url, more));
    try {
      const env = { FLAGWIRE_URL: nginx.url, FLAGWIRE_SDK_KEY: key };
      const ran = await flagwire(['doctor', '--json', '--patience', code === 0 ? LONG : SHORT], { env });
      expect([ran.code, faultsOf(ran)]).toEqual([code, code === 0 ? [] : ['stream']]);
    } finally {
      await nginx.stop();
    }
  });
});
