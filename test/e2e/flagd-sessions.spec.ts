import { afterAll, describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { bearer, FlagdClient, type FlagdStream } from '../support/flagd-client.js';
import { freePort } from '../support/free-port.js';
import { type TestServer } from '../support/server.js';
import { SseProbe } from '../support/sse-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { useServers } from '../support/use-servers.js';
import { eventually } from '../support/wait.js';
import { ownProject } from './support/own-project.js';

/** What the hub does for every connection, it does for streams of flagd's gRPC sync. */
describe("streams of flagd's gRPC sync", () => {
  const clients: FlagdClient[] = [];
  const proxies: TcpProxy[] = [];
  const start = useServers();

  async function launch(env: Record<string, string>): Promise<{ server: TestServer; client: FlagdClient; proxy: TcpProxy }> {
    const port = await freePort();
    const server = await start({ env: { GRPC_PORT: String(port), ...env } });
    const proxy = await TcpProxy.start(port);
    proxies.push(proxy);
    const client = new FlagdClient(`127.0.0.1:${proxy.port}`);
    clients.push(client);
    return { server, client, proxy };
  }

  afterAll(async () => {
    clients.forEach((client) => client.close());
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  });

  const begun = (streams: readonly FlagdStream[]) =>
    eventually(() => expect(streams.map(({ documents }) => documents.length)).toEqual(streams.map(() => 1)));
  const figure = async ({ admin }: TestServer, name: string) => {
    const { body } = await admin.call<string>('GET', '/metrics');
    return Number(
      body
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    );
  };

  it('end with UNAVAILABLE when they are as old as streams may be, and not together, and come back by another connection', async () => {
    const { server, client, proxy } = await launch({ FLAGWIRE_STREAM_MAX_AGE_S: '4', FLAGWIRE_STALL_S: '1' });
    const { key } = await server.admin.createKey('production');
    const streams = Array.from({ length: 20 }, () => client.sync(bearer(key)));
    await begun(streams);
    const ends = await Promise.all(streams.map(({ ended }) => ended));
    for (const end of ends) {
      expect(end).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('FLAGWIRE_STREAM_MAX_AGE_S') });
    }
    const times = streams.map(({ endedAt }) => endedAt);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(100);
    expect(await figure(server, 'flagwire_ended_connections_total{reason="max_age"}')).toBe(20);
    expect(proxy.accepted).toBe(1);
    await begun([client.sync(bearer(key))]);
    expect(proxy.accepted).toBe(2);
  });

  it('end with their environment, and those of others do not', async () => {
    const { server, client } = await launch({});
    const options = await ownProject(server.admin, ['doomed', 'other']);
    const keys = await Promise.all(
      ['doomed', 'other'].map((environment) => server.admin.createKey(environment, 'server', {}, options)),
    );
    const streams = keys.map(({ key }) => client.sync(bearer(key)));
    await begun(streams);
    await server.admin.deleteEnvironment('doomed', options);
    expect(await streams[0]?.ended).toMatchObject({ code: status.UNAUTHENTICATED });
    await server.admin.createFlag('a', {}, options);
    await eventually(() => expect(streams[1]?.documents).toHaveLength(2));
    expect(await figure(server, 'flagwire_ended_connections_total{reason="environment_deleted"}')).toBe(1);
    await eventually(async () => expect(await figure(server, 'flagwire_connections{transport="grpc"}')).toBe(1));
  });

  it('get the changes of their own environment alone, and are counted by the bytes that they were sent', async () => {
    const { server, client } = await launch({});
    const options = await ownProject(server.admin, ['live', 'other']);
    await server.admin.createFlag('a', {}, options);
    const keys = await Promise.all(
      ['live', 'live', 'other'].map((environment) => server.admin.createKey(environment, 'server', {}, options)),
    );
    const streams = keys.map(({ key }) => client.sync(bearer(key)));
    await begun(streams);
    const sent = await figure(server, 'flagwire_sent_bytes_total{transport="grpc"}');
    expect(sent).toBeGreaterThan(3 * JSON.stringify(streams[0]?.documents[0]).length);
    const before = await figure(server, 'flagwire_deliveries_total{transport="grpc"}');
    await server.admin.patchEnv('a', 'live', { status: 'enabled' }, options);
    await eventually(() => expect(streams.map(({ documents }) => documents.length)).toEqual([2, 2, 1]));
    expect(await figure(server, 'flagwire_deliveries_total{transport="grpc"}')).toBe(before + 2);
    for (const { call } of streams) call.cancel();
    await eventually(async () => expect(await figure(server, 'flagwire_connections{transport="grpc"}')).toBe(0));
    expect(await figure(server, 'flagwire_sent_bytes_total{transport="grpc"}')).toBeGreaterThan(sent);
  });

  it('leave in the same portions as all others when the server stops', async () => {
    const { server, client } = await launch({ FLAGWIRE_DRAIN_S: '1' });
    const { key } = await server.admin.createKey('production');
    const streams = Array.from({ length: 5 }, () => client.sync(bearer(key)));
    await begun(streams);
    const readers = await Promise.all(Array.from({ length: 5 }, () => SseProbe.connect({ url: server.url, key })));
    const end = server.stop();
    const ends = await Promise.all(streams.map(({ ended }) => ended));
    expect(ends.map((error) => error?.code)).toEqual(ends.map(() => status.UNAVAILABLE));
    await eventually(() => expect(readers.map(({ goodbye }) => goodbye?.reason)).toEqual(readers.map(() => 'shutdown')));
    await end;
  });
});
