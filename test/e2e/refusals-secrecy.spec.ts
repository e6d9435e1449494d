import { beforeAll, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { httpRequest, type HttpRequestOptions } from '../support/http-request.js';
import { RawHttp, requestText } from '../support/raw-http.js';
import { ADMIN_TOKEN, type TestServer } from '../support/server.js';
import { SocketRefused } from '../support/socket-probe.js';
import { useServers } from '../support/use-servers.js';
import { type SocketDoor, socketDoors } from './support/socket-doors.js';

const start = useServers();
let server: TestServer;
/** A good credential, for what is refused behind the guard. */
let key: string;
/** One of each kind; all of them are good. */
let secrets: string[];

beforeAll(async () => {
  server = await start();
  const { admin } = server;
  key = (await admin.createKey('production')).key;
  const client = (await admin.createKey('production', 'client')).key;
  const { token } = await admin.createToken('viewer');
  const { body } = await admin.as(key).request('POST', '/sdk/ticket', { flags: ['a.*'] });
  secrets = [(await admin.createKey('staging')).key, client, token, (body as { ticket: string }).ticket];
});

/** The pieces of twelve characters of what nobody may see: of a ticket its signature. */
function pieces(secret: string): string[] {
  const core = secret.startsWith('fw_tkt_') ? secret.slice(-43) : secret.slice(19, 51);
  return Array.from({ length: core.length - 11 }, (_, at) => core.slice(at, at + 12));
}

/** Asks with each secret, and expects a refusal with this code that shows nothing of it. */
async function expectRefusals(code: string | RegExp, ask: (secret: string) => Promise<string>): Promise<void> {
  for (const secret of secrets) {
    const said = await ask(secret);
    expect(said).toMatch(typeof code === 'string' ? `"code":"${code}"` : code);
    expect(pieces(secret).filter((piece) => said.includes(piece))).toEqual([]);
    expect(said).not.toContain(secret);
  }
}

/** Head and body of the answer, which has to be a refusal. */
async function refusal(path: string, options: HttpRequestOptions = {}): Promise<string> {
  const { status, rawHeaders, text } = await httpRequest(server.url + path, options);
  expect(status).toBeGreaterThanOrEqual(400);
  return `${rawHeaders.join('\n')}\n${text}`;
}

const asAdmin = (headers: Record<string, string> = {}) => ({ Authorization: `Bearer ${server.adminToken}`, ...headers });
const json = { 'Content-Type': 'application/json' };
const get = (path: string, headers: Record<string, string> = {}) => refusal(path, { headers: asAdmin(headers) });
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  refusal(path, {
    method: 'POST',
    headers: asAdmin({ ...json, ...headers }),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const sdk = (path: string, headers: Record<string, string> = {}) => refusal(path, { headers: { 'X-API-Key': key, ...headers } });

const AUTHORIZED = `Content-Type: application/json\r\nAuthorization: Bearer ${ADMIN_TOKEN}`;
const DEFAULT = '/api/projects/default';
const FLAG = { id: 'a', name: 'a', value_type: 'string', variants: { on: 'x' }, default_variant: 'on' };
/** Only its last letter is wrong. */
const mistyped = (secret: string) => secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');

type Case = [place: string, code: string | RegExp, ask: (secret: string) => Promise<string>];

describe('a refusal does not repeat a key, token or ticket that was sent', () => {
  const inPaths: Case[] = [
    ['as a route', 'route_not_found', (s) => get(`/no/such/${s}`)],
    ['behind a route', 'route_not_found', (s) => get(`/sdk/stream/${s}?key=${s}`)],
    ['in a path that cannot be decoded', 'malformed_url', (s) => get(`/api/projects/%ff${s}`)],
    ['as a project', 'project_not_found', (s) => get(`/api/projects/${s}`)],
    ['as an environment', 'environment_not_found', (s) => get(`${DEFAULT}/environments/${s}`)],
    ['as a flag', 'flag_not_found', (s) => get(`${DEFAULT}/flags/${s}`)],
    ['as the id of a key', 'sdk_key_not_found', (s) => post(`${DEFAULT}/environments/staging/sdk-keys/${s}/rotate`, {})],
    ['as the id of a token', 'token_not_found', (s) => refusal(`/api/tokens/${s}`, { method: 'DELETE', headers: asAdmin() })],
  ];
  const inQueries: Case[] = [
    ['as a limit', 'invalid_input', (s) => get(`/api/projects?limit=${s}`)],
    ['as a parameter', 'invalid_input', (s) => get(`/api/projects?${s}=1`)],
    ['as the environment of a poll', 'wrong_environment', (s) => sdk(`/sdk/poll?env=${s}`)],
    ['as the environment of a stream', 'wrong_environment', (s) => sdk(`/sdk/stream?env=${s}`)],
    ['in a filter', 'invalid_input', (s) => sdk(`/sdk/poll?flags=${s}*x`)],
    ['as the time to wait', 'invalid_input', (s) => sdk(`/sdk/poll?wait=${s}`)],
    ['as a ticket beside a key', 'invalid_input', (s) => sdk(`/sdk/poll?ticket=${s}&key=${s}`)],
    ['in front of an upgrade', 'upgrade_required', (s) => sdk(`/sdk/ws?key=${key}&name=${s}`)],
  ];
  const inHeaders: Case[] = [
    [
      'as an SDK key, mistyped',
      /"(malformed_key|unknown_key|wrong_credential_kind)"/,
      (s) => sdk('/sdk/poll', { 'X-API-Key': mistyped(s) }),
    ],
    ['as an admin token', /_(token|kind)"|insufficient_role/, (s) => post('/api/tokens', {}, { Authorization: `Bearer ${s}` })],
    ['as an admin token, mistyped', /_(token|kind)"/, (s) => get('/api/tokens', { Authorization: `Bearer ${mistyped(s)}` })],
    ['as a scheme', /"status":401/, (s) => get('/api/tokens', { Authorization: `${s} ${s}` })],
    ['as the id of a request', 'project_not_found', (s) => get('/api/projects/none', { 'X-Request-Id': s.slice(0, 64) })],
    ['as a trace', 'project_not_found', (s) => get('/api/projects/none', { traceparent: s, tracestate: `k=${s}` })],
    [
      'as an origin',
      'project_not_found',
      (s) => get('/api/projects/none', { Origin: `https://${s}`, Referer: `https://x/${s}` }),
    ],
    ['as a media type', 'unsupported_media_type', (s) => post('/api/projects', '{}', { 'Content-Type': `text/${s}` })],
    [
      'as a character set',
      'unsupported_charset',
      (s) => post('/api/projects', '{}', { 'Content-Type': `application/json; charset=${s}` }),
    ],
    ['as an encoding', 'unsupported_encoding', (s) => post('/api/projects', '{}', { 'Content-Encoding': s })],
    ['as a version', /"code":"(invalid_input|version_conflict)"/, (s) => patchFlag({ name: 'b' }, { 'If-Match': `"${s}"` })],
    ['as the key of a request', 'invalid_input', (s) => post('/api/projects', {}, { 'Idempotency-Key': `"${s}" ${s}` })],
  ];
  const patchFlag = (body: object, headers: Record<string, string>) =>
    refusal(`${DEFAULT}/flags/here`, { method: 'PATCH', headers: asAdmin({ ...json, ...headers }), body: JSON.stringify(body) });
  const inBodies: Case[] = [
    ['in what is no JSON', 'malformed_json', (s) => post('/api/projects', `{"key": ${s}}`)],
    ['at the end of what is no JSON', 'malformed_json', (s) => post('/api/projects', `["${s}" x`)],
    ['as a field', 'invalid_input', (s) => post('/api/projects', { key: 'a', name: 'a', [s]: 1 })],
    ['as a field of a field', 'invalid_input', (s) => post(`${DEFAULT}/flags`, { ...FLAG, variants: { [s]: 1, [`${s}.`]: 2 } })],
    ['as values', 'invalid_input', (s) => post('/api/tokens', { name: s, role: s, project: s, expires_at: s })],
    ['as the default', 'invalid_input', (s) => post(`${DEFAULT}/flags`, { ...FLAG, default_variant: s })],
    ['in the targeting', 'invalid_input', (s) => post(`${DEFAULT}/flags`, { ...FLAG, targeting: { [s]: [{ var: s }, s] } })],
    ['as a flag of a change set', 'invalid_input', (s) => changeSet([{ flag: s, status: 'enabled' }])],
    ['as a status', 'invalid_input', (s) => changeSet([{ flag: 'here', status: s, version: s }])],
    ['beside a project that is there', 'project_exists', (s) => post('/api/projects', { key: 'default', name: s })],
    ['beside a flag that is there', 'flag_exists', (s) => post(`${DEFAULT}/flags`, { ...FLAG, id: 'here', description: s })],
    ['beside another request of its key', 'idempotency_key_reused', (s) => post('/api/projects', { key: 'b', name: s }, once)],
  ];
  const changeSet = (changes: object[]) => post(`${DEFAULT}/environments/staging/change-sets`, { changes });

  const once = { 'Idempotency-Key': 'once' };
  beforeAll(async () => {
    await server.admin.createFlag('here');
    await server.admin.call('POST', '/api/projects', { key: 'a', name: 'a' }, { headers: once });
  });
  it.each([...inPaths, ...inQueries, ...inHeaders, ...inBodies])('%s (%s)', async (_, code, ask) => {
    await expectRefusals(code, ask);
  });

  it.each<[place: string, code: string, bytes: (secret: string) => string]>([
    [
      'in headers that are too large',
      'headers_too_large',
      (s) => requestText({ path: '/', headers: { 'X-Key': s.repeat(400) } }),
    ],
    [
      'in a body that is too large',
      'body_too_large',
      (s) => `POST /api/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n${AUTHORIZED}\r\n\r\n{"name":"${s}`,
    ],
    ['in what is no HTTP', 'malformed_http', (s) => `GET /${s} HTTP/9.9\r\n${s}\r\n\r\n`],
    [
      'in an upgrade to nowhere',
      'route_not_found',
      (s) => requestText({ path: `/${s}?key=${s}`, headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'X-Key': s } }),
    ],
  ])('%s (%s)', async (_, code, bytes) => {
    await expectRefusals(code, async (secret) => {
      const raw = await RawHttp.connect({ port: server.port });
      await raw.send(bytes(secret));
      const { text } = await raw.readHead();
      const body = await raw.readBody();
      raw.destroy();
      return text + body.toString('utf8');
    });
  });
});

describe.each(socketDoors)('an Error on $name does not repeat a key, token or ticket that was sent', (door: SocketDoor) => {
  /** The refusal of the connection, or the first message on it. */
  async function knocked(options: { key: string; env?: string; flags?: string[] }): Promise<string> {
    try {
      const probe = await door.connect({ url: server.url, ...options });
      const first = await probe.waitFor(() => true);
      await probe.close();
      return JSON.stringify(first);
    } catch (error) {
      if (error instanceof SocketRefused) return error.text;
      throw error;
    }
  }

  it.each<[place: string, code: RegExp, options: (secret: string) => { key: string; env?: string; flags?: string[] }]>([
    ['as a key, mistyped', /malformed_|unknown_|kind/, (s) => ({ key: mistyped(s) })],
    ['as an environment', /wrong_environment/, (s) => ({ key, env: s })],
    ['in a filter', /invalid_input/, (s) => ({ key, flags: [`${s}*x`] })],
  ])('%s', async (_, code, options) => {
    await expectRefusals(code, (secret) => knocked(options(secret)));
  });

  it.each<[place: string, code: string, type: (secret: string) => string, fields: (secret: string) => object]>([
    ['as a flag', 'flag_not_found', () => 'GetFlag', (s) => ({ flag_id: s.slice(0, 120) })],
    ['as the kind of a request', 'unknown_request', (s) => s, () => ({})],
    ['in what is asked for', 'invalid_input', () => 'Subscribe', (s) => ({ flags: [`${s}*x`] })],
    ['as a field of another type', 'malformed_request', () => 'Subscribe', (s) => ({ flags: { [s]: s } })],
    ['as the id of the request', 'flag_not_found', () => 'GetFlag', (s) => ({ flag_id: 'none', request_id: s.slice(0, 64) })],
  ])('%s', async (_, code, type, fields) => {
    await expectRefusals(code, async (secret) => {
      const probe = await door.connect({ url: server.url, key });
      await probe.waitForSync();
      probe.send(type(secret), fields(secret));
      const error = await probe.waitFor((message) => message.type === 'Error');
      await probe.close();
      return JSON.stringify(error);
    });
  });
});

describe('a connect_error of Socket.IO', () => {
  it.each(['the namespace', 'a second connection'])('does not repeat what %s was asked for with', async (what) => {
    for (const secret of secrets) {
      const namespace = what === 'the namespace' ? `/${secret}` : '/';
      const options = { transports: ['websocket'], forceNew: true, reconnection: false, auth: { key: secret, env: secret } };
      const socket = io(server.url + namespace, options);
      const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve));
      socket.disconnect();
      const said = JSON.stringify([error.message, error]);
      expect(pieces(secret).filter((piece) => said.includes(piece))).toEqual([]);
    }
  });
});
