import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { credentials, status } from '@grpc/grpc-js';
import { type AdminClient } from '../support/admin-client.js';
import { hasOpenssl, makeCertificates } from '../support/certs.js';
import { bearer, type CallExtras, FlagdClient } from '../support/flagd-client.js';
import { flagdSchemaErrors } from '../support/flagd-schema.js';
import { freePort } from '../support/free-port.js';
import { httpRequest } from '../support/http-request.js';
import { type ServerOptions, type TestServer } from '../support/server.js';
import { skipIf } from '../support/skip-if.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ownProject } from './support/own-project.js';

/** A reader on plain HTTP/2, which takes no more than its window until it reads: a library of gRPC reads ahead. */
class RawReader {
  readonly closed: Promise<number>;
  private text = '';

  private constructor(
    private readonly session: ClientHttp2Session,
    private readonly stream: ClientHttp2Stream,
  ) {
    this.closed = new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode)));
    stream.on('error', () => undefined);
  }

  /** Resolves when the server answers. */
  static async open(address: string, key: string): Promise<RawReader> {
    const session = connect(`http://${address}`);
    const path = '/flagd.sync.v1.FlagSyncService/SyncFlags';
    const headers = { 'content-type': 'application/grpc', te: 'trailers', authorization: `Bearer ${key}` };
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    // An empty message.
    stream.end(Buffer.alloc(5));
    const reader = new RawReader(session, stream);
    await once(stream, 'response');
    return reader;
  }

  read(): void {
    this.stream.setEncoding('latin1').on('data', (text: string) => (this.text += text));
  }

  /** Of the documents. */
  versions(): (string | undefined)[] {
    return [...this.text.matchAll(/"version":"([^"]+)"/g)].map(([, version]) => version);
  }

  close(): void {
    this.session.destroy();
  }
}

describeEachDatabase("flagd's gRPC sync", (database) => {
  const start = useServers();
  const clients: FlagdClient[] = [];
  let server: TestServer;
  let admin: AdminClient;
  let client: FlagdClient;
  let options: { project: string };
  let key: string;
  let keyId: string;

  async function launch(more: ServerOptions = {}): Promise<{ server: TestServer; client: FlagdClient; address: string }> {
    const port = await freePort();
    const launched = await start({ database, ...more, env: { GRPC_PORT: String(port), ...more.env } });
    return { server: launched, client: open(`127.0.0.1:${port}`), address: `127.0.0.1:${port}` };
  }

  function open(address: string, ca?: string): FlagdClient {
    const made = new FlagdClient(address, ca === undefined ? undefined : credentials.createSsl(Buffer.from(ca)));
    clients.push(made);
    return made;
  }

  beforeAll(async () => {
    ({ server, client } = await launch());
    ({ admin } = server);
  });
  beforeEach(async () => {
    options = await ownProject(admin, ['live', 'other']);
    await admin.createFlag('a', { environments: { live: { status: 'enabled' } } }, options);
    ({ key, id: keyId } = await admin.createKey('live', 'server', {}, options));
  });
  afterAll(() => clients.forEach((made) => made.close()));

  /** The cursor after it. */
  const toggle = async (value: 'enabled' | 'disabled', of = admin) =>
    (await of.patchEnv('a', 'live', { status: value }, options)).cursors['live'] ?? '';
  const refusal = (extras: CallExtras, from = client) =>
    from.fetch(extras).then(
      () => 'served',
      ({ code, details }: { code: status; details: string }) => [status[code], details],
    );

  it('sends the document of HTTP at once, and the whole again after each change', async () => {
    const stream = client.sync(bearer(key));
    await eventually(() => expect(stream.documents).toHaveLength(1));
    const headers = { Authorization: `Bearer ${key}` };
    expect(stream.documents[0]).toEqual((await httpRequest(`${server.url}/flagd/v1/flags`, { headers })).json());
    expect(flagdSchemaErrors(stream.documents[0])).toEqual([]);
    for (const value of ['disabled', 'enabled'] as const) {
      const cursor = await toggle(value);
      await eventually(() => expect(stream.versions.at(-1)).toBe(cursor));
      expect(stream.documents.at(-1)?.flags['a']?.state).toBe(value.toUpperCase());
    }
    stream.call.cancel();
    await stream.ended;
  });

  it('gives the document once, and what it says of itself', async () => {
    const document = await client.fetch(bearer(key));
    const name = `${options.project}/live`;
    expect(document.metadata).toMatchObject({ scope: name, flagSetId: name });
    expect(Object.keys(document.flags)).toEqual(['a']);
    expect(await client.metadata(bearer(key))).toEqual(document.metadata);
  });

  it('takes the key in the metadata, or in the selector, wherever that stands', async () => {
    const selector = `key=${key},flagSetId=${options.project}/live`;
    const ways: CallExtras[] = [
      bearer(key),
      { selector: `key=${key}` },
      { selector },
      { metadata: { 'flagd-selector': selector } },
      { selector, metadata: { 'flagd-selector': selector } },
      { ...bearer(key), selector: `flagSetId=${options.project}/live` },
    ];
    for (const way of ways) expect(await refusal(way)).toBe('served');
    expect(await client.metadata({ metadata: { 'flagd-selector': selector } })).toMatchObject({
      scope: `${options.project}/live`,
    });
  });

  it('refuses with the status and a sentence, and never says what it was sent', async () => {
    const { key: clientKey } = await admin.createKey('live', 'client', {}, options);
    const { key: other } = await admin.createKey('other', 'server', {}, options);
    const cases: [CallExtras, string, RegExp][] = [
      [{}, 'UNAUTHENTICATED', /authorization: Bearer KEY/],
      [bearer('nonsense'), 'UNAUTHENTICATED', /not a key/],
      [bearer(server.adminToken), 'UNAUTHENTICATED', /admin token/],
      [bearer(clientKey), 'PERMISSION_DENIED', /ofrep/],
      [{ selector: `key=${key},flagSetId=${options.project}/other` }, 'PERMISSION_DENIED', /flagSetId/],
      [{ ...bearer(key), selector: `key=${other}` }, 'INVALID_ARGUMENT', /two different/],
      [{ selector: key }, 'INVALID_ARGUMENT', /must be key=KEY/],
      [{ selector: `source=${key}` }, 'INVALID_ARGUMENT', /must be key=KEY/],
      [{ ...bearer(key), selector: 'x'.repeat(20_000) }, 'RESOURCE_EXHAUSTED', /larger than max/],
    ];
    for (const [extras, code, sentence] of cases) {
      const [seen, details] = await refusal(extras);
      expect([seen, details]).toEqual([code, expect.stringMatching(sentence)]);
      expect(details).not.toMatch(/fw_|nonsense/);
      const stream = client.sync(extras);
      expect(await stream.ended).toMatchObject({ code: status[code as keyof typeof status] });
    }
  });

  it('counts wrong keys of an address, and serves a good one all the same', async () => {
    const strict = await launch({ env: { FLAGWIRE_WRONG_CREDENTIALS_PER_MINUTE: '3' } });
    const good = await strict.server.admin.createKey('production');
    const codes = [];
    for (let turn = 0; turn < 5; turn += 1) codes.push((await refusal(bearer('wrong'), strict.client))[0]);
    expect(codes).toEqual([...Array<string>(3).fill('UNAUTHENTICATED'), 'RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED']);
    expect(await refusal(bearer(good.key), strict.client)).toBe('served');
  });

  it('ends the stream of a key within a second of its revocation, of its environment too, and no other', async () => {
    const other = await admin.createKey('live', 'server', {}, options);
    const streams = [client.sync(bearer(key)), client.sync(bearer(other.key))] as const;
    await eventually(() => expect(streams.map(({ documents }) => documents.length)).toEqual([1, 1]));
    const from = performance.now();
    await admin.revokeKey('live', keyId, options);
    expect(await streams[0].ended).toMatchObject({ code: status.UNAUTHENTICATED, details: expect.stringContaining('revoked') });
    expect(streams[0].endedAt - from).toBeLessThan(1000);
    await toggle('disabled');
    await eventually(() => expect(streams[1].documents).toHaveLength(2));
    await admin.call('DELETE', `/api/projects/${options.project}/environments/live`);
    expect(await streams[1].ended).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await refusal(bearer(key))).toMatchObject(['UNAUTHENTICATED', expect.any(String)]);
  });

  it('takes as many streams as connections of a key may be, counts them among these, and gives places back', async () => {
    const few = await launch({ env: { FLAGWIRE_MAX_PER_SERVER_KEY: '2' } });
    const held = await few.server.admin.createKey('production');
    const streams = [few.client.sync(bearer(held.key)), few.client.sync(bearer(held.key))];
    await eventually(() => expect(streams.map(({ documents }) => documents.length)).toEqual([1, 1]));
    const metrics = async () => (await few.server.admin.call<string>('GET', '/metrics')).body;
    expect(await metrics()).toContain('flagwire_connections{transport="grpc"} 2');
    expect(await refusal(bearer(held.key), few.client)).toEqual([
      'RESOURCE_EXHAUSTED',
      expect.stringContaining('FLAGWIRE_MAX_PER_SERVER_KEY'),
    ]);
    for (const stream of streams) stream.call.cancel();
    await eventually(async () => expect(await metrics()).toContain('flagwire_connections{transport="grpc"} 0'));
    expect(await refusal(bearer(held.key), few.client)).toBe('served');
  });

  it('gives a reader that is slow the newest document next, and cuts one that reads nothing', async () => {
    const short = await launch({ env: { FLAGWIRE_STALL_S: '8' } });
    const of = short.server.admin;
    options = await ownProject(of, ['live']);
    const variants = { on: 'x'.repeat(30_000), off: 'y'.repeat(30_000) };
    for (let index = 0; index < 10; index += 1) await of.createFlag(`big-${index}`, { value_type: 'string', variants }, options);
    await of.createFlag('a', {}, options);
    const large = await of.createKey('live', 'server', {}, options);
    const first = (await short.client.fetch(bearer(large.key))).metadata.version;
    const slow = await RawReader.open(short.address, large.key);
    const deaf = await RawReader.open(short.address, large.key);
    const cursors: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) cursors.push(await toggle(turn % 2 === 0 ? 'enabled' : 'disabled', of));
    slow.read();
    await eventually(() => expect(slow.versions()).toEqual([first, cursors.at(-1)]));
    expect(await deaf.closed).toBe(constants.NGHTTP2_CANCEL);
    const { body } = await of.call<string>('GET', '/metrics');
    expect(body).toContain('flagwire_cut_connections_total{reason="stalled"} 1');
    slow.close();
    deaf.close();
  }, 60_000);

  it('ends every stream with UNAVAILABLE when the server stops, spread over the time of the drain', async () => {
    const stopped = await launch({ env: { FLAGWIRE_DRAIN_S: '1' } });
    const held = await stopped.server.admin.createKey('production');
    const streams = Array.from({ length: 10 }, () => stopped.client.sync(bearer(held.key)));
    await eventually(() => expect(streams.every(({ documents }) => documents.length === 1)).toBe(true));
    const end = stopped.server.stop();
    const ends = await Promise.all(streams.map(({ ended }) => ended));
    expect(ends.map((error) => error?.code)).toEqual(Array<status>(10).fill(status.UNAVAILABLE));
    const times = streams.map(({ endedAt }) => endedAt);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(200);
    await end;
  });

  skipIf(!hasOpenssl(), 'openssl is not installed').describe('with a certificate', () => {
    it('speaks TLS, and nothing else', async () => {
      const { ca, cert, key: secret } = await makeCertificates();
      const { server: secure, address } = await launch({ env: { FLAGWIRE_GRPC_CERT: cert, FLAGWIRE_GRPC_KEY: secret } });
      const held = await secure.admin.createKey('production');
      const { metadata } = await open(address.replace('127.0.0.1', 'localhost'), ca).fetch(bearer(held.key));
      expect(metadata.scope).toBe('default/production');
      expect(await refusal(bearer(held.key), open(address))).toMatchObject(['UNAVAILABLE', expect.any(String)]);
    });
  });
});
