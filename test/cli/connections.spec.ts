import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { at, commandsOf, Flagwire, flagwire } from './support/flagwire.js';
import { MeddlingProxy, type Meddling } from './support/meddling-proxy.js';

describeEachDatabase('flagwire, over connections that break after the server has done its work', (database) => {
  const start = useServers();
  let server: TestServer;
  let proxy: MeddlingProxy | undefined;

  beforeAll(async () => {
    server = await start({ database });
    await server.admin.createFlag('checkout');
  }, 60_000);
  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });

  const behind = async (meddling: Meddling) => {
    proxy = await MeddlingProxy.start(server.url, meddling);
    return commandsOf(server, { FLAGWIRE_URL: proxy.url });
  };
  const attempts = (path: string): number => proxy?.asked.filter((asked) => asked.path.includes(path)).length ?? 0;

  it('toggles a flag once', async () => {
    const before = (await server.admin.getEnvironment('staging')).body.revision;
    const { json } = await behind({ lost: 2 });
    const { revision, changes } = await json<{ revision: number; changes: unknown[] }>('toggle checkout -e staging');
    expect([revision, changes]).toEqual([before + 1, [expect.objectContaining({ type: 'FlagStatusChanged' })]]);
    expect(attempts('change-sets')).toBe(3);
    expect((await server.admin.getEnvironment('staging')).body.revision).toBe(before + 1);
  });

  it('does not undo what somebody else toggled at the same time', async () => {
    const toggle = async (): Promise<void> => {
      const { status } = (await server.admin.getEnv('checkout', 'production')).body;
      await server.admin.patchEnv('checkout', 'production', { status: status === 'disabled' ? 'enabled' : 'disabled' });
    };
    const { run } = await behind({ meanwhile: toggle });
    const ran = await run('toggle checkout -e production');
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([3, '', expect.stringContaining('Somebody changed it meanwhile')]);
    expect((await server.admin.getEnv('checkout', 'production')).body.status).toBe('enabled');
  });

  it('makes one key, and shows the one that was made', async () => {
    const { run } = await behind({ lost: 1 });
    const made = await run('keys create -e staging --name once');
    expect([made.code, attempts('sdk-keys')]).toEqual([0, 2]);
    const { json } = commandsOf(server);
    const { items } = await json<{ items: { id: string; name: string }[] }>('keys list -e staging');
    expect(items.map(({ name }) => name)).toEqual(['once']);
    const poll = await fetch(`${server.url}/sdk/poll`, { headers: { Authorization: `Bearer ${made.stdout.trim()}` } });
    expect(poll.status).toBe(200);
  });

  it('revokes a key, which may be done again', async () => {
    const { id } = await server.admin.createKey('staging');
    const { run } = await behind({ lost: 1 });
    expect((await run(`keys revoke ${id} -e staging`)).code).toBe(0);
    expect(attempts(id)).toBe(2);
  });

  it('imports once, and tells what the import that was made did', async () => {
    const flag = { id: 'new', name: 'new', value_type: 'boolean', variants: { on: true }, default_variant: 'on' };
    const { json } = await behind({ lost: 1 });
    const input = JSON.stringify({ format: 'flagwire', version: 1, flags: [flag] });
    const { flags } = await json<{ flags: object }>('import -', { input });
    expect([flags, attempts('import')]).toEqual([expect.objectContaining({ created: 1, unchanged: 0 }), 2]);
  });

  it('does once what is asked for again with the same --idempotency-key', async () => {
    const { run } = commandsOf(server);
    const line = 'keys create -e production --name builds --idempotency-key build-42';
    const [first, second] = [await run(line), await run(line)];
    expect([first.code, second]).toEqual([0, first]);
  });

  it('tries again where a proxy has no server for a moment, and gives up in the end', async () => {
    const { run } = await behind({ unavailable: 2 });
    expect((await run('get checkout')).code).toBe(0);
    await proxy?.stop();
    const given = await (await behind({ unavailable: 1000 })).run('get checkout');
    expect([given.code, given.stderr]).toEqual([4, expect.stringContaining('answered 503, and not as Flagwire does')]);
    expect(attempts('checkout')).toBe(4);
  });
});

describe('flagwire', () => {
  const start = useServers();
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  /** Takes connections and never says a word. */
  async function silent(): Promise<{ url: string; server: Server }> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
  }

  it('ends with 130 by Ctrl-C, without a word', async () => {
    const { url, server } = await silent();
    const asked = once(server, 'connection');
    const command = new Flagwire(['list'], { env: { FLAGWIRE_URL: url, FLAGWIRE_TOKEN: 'any' } });
    await asked;
    expect(await command.interrupt()).toEqual({ code: 130, stdout: '', stderr: '' });
  });

  it('ends with 4 where nothing is answered in time', async () => {
    const { url } = await silent();
    const ran = await flagwire(['list', '--timeout', '0.5'], { env: { FLAGWIRE_URL: url, FLAGWIRE_TOKEN: 'any' } });
    expect([ran.code, ran.stderr]).toEqual([
      4,
      expect.stringMatching(/did not answer within 0\.5 s\.\nGive it longer by --timeout/),
    ]);
  });

  it('carries the token nowhere else than it was told to', async () => {
    const seen: string[] = [];
    const elsewhere = createHttpServer((request, response) => {
      seen.push(request.url ?? '');
      response.end();
    });
    const door = createHttpServer((request, response) => {
      response.writeHead(308, { Location: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}${request.url}` }).end();
    });
    for (const server of [elsewhere, door]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      stops.push(() => void server.close());
    }
    const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    const ran = await flagwire(['list'], { env: { FLAGWIRE_URL: url, FLAGWIRE_TOKEN: 'any' } });
    expect([ran.code, ran.stderr, seen]).toEqual([3, expect.stringContaining('it sends on to http://127.0.0.1:'), []]);
  });

  it('ends silently where whoever reads has read enough', async () => {
    const server = await start();
    const flags = Array.from({ length: 1000 }, (_, index) => ({
      ...{ id: `flag-${index}`, name: 'x', description: 'x'.repeat(500) },
      ...{ value_type: 'boolean', variants: { on: true }, default_variant: 'on' },
    }));
    await server.admin.import({ format: 'flagwire', version: 1, flags });
    const command = new Flagwire(['export'], { env: at(server) });
    command.child.stdout?.destroy();
    expect(await command.ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
