import { parseCursors } from '../../support/admin-client.js';
import { RawHttp, requestText } from '../../support/raw-http.js';
import { type TestServer } from '../../support/server.js';
import { SocketIoProbe } from '../../support/socket-io-client.js';
import { SseProbe } from '../../support/sse-client.js';
import { type SyncProbe } from '../../support/sync-probe.js';
import { WebSocketProbe } from '../../support/web-socket-client.js';

/** Changes of one round: each a revision of its own. */
export const CHANGES = 40;

/** Changes that are asked for at once. */
const BURST = 10;

/** What would be sent beside changes. */
export const QUIET = { FLAGWIRE_PING_S: '3600', FLAGWIRE_HEARTBEAT_S: '3600' };

/** How to connect by each transport. */
export const DOORS = { SSE: SseProbe, 'plain WebSocket': WebSocketProbe, 'Socket.IO': SocketIoProbe };
export type Door = keyof typeof DOORS;

/** Connections of one server, and changes that reach them. */
export class Crowd {
  private constructor(
    readonly server: TestServer,
    private readonly key: string,
  ) {}

  /** With the first round of changes made: what happens once only has happened. */
  static async of(server: TestServer): Promise<Crowd> {
    const { key } = await server.admin.createKey('production');
    await server.admin.createFlag('counted');
    const crowd = new Crowd(server, key);
    await crowd.makeChanges([]);
    return crowd;
  }

  /** @param url where the server is asked; default its own. */
  async connect(count: number, door: Door = 'SSE', flags?: string[], url = this.server.url): Promise<SyncProbe[]> {
    const options = { url, key: this.key, ...(flags && { flags }) };
    const probes = await Promise.all(Array.from({ length: count }, () => DOORS[door].connect(options)));
    await Promise.all(probes.map((probe) => probe.waitForSync()));
    return probes;
  }

  /** Each change is delivered to all before the next. */
  async makeChanges(probes: readonly SyncProbe[]): Promise<void> {
    for (let change = 0; change < CHANGES; change += 1) {
      const edit = { status: change % 2 === 0 ? 'enabled' : 'disabled' } as const;
      const { cursors } = await this.server.admin.patchEnv('counted', 'production', edit);
      await Promise.all(probes.map((probe) => probe.waitForCursor(cursors['production'] ?? '')));
    }
  }

  /** As many changes, ten of which come to the server in one piece: behind one another on one connection. */
  async makeBursts(probes: readonly SyncProbe[]): Promise<void> {
    const path = '/api/projects/default/flags/counted/environments/production';
    const headers = { Authorization: `Bearer ${this.server.adminToken}`, 'Content-Type': 'application/json' };
    const texts = Array.from({ length: CHANGES }, (_, change) =>
      requestText({
        method: 'PATCH',
        path,
        headers,
        body: JSON.stringify({ status: change % 2 === 0 ? 'enabled' : 'disabled' }),
      }),
    );
    const writer = await RawHttp.connect({ port: this.server.port });
    while (texts.length > 0) {
      await writer.send(texts.splice(0, BURST).join(''));
      for (let answered = 0; answered < BURST; answered += 1) {
        const { headers: head } = await writer.readHead();
        await writer.readBody();
        const { production = '' } = parseCursors(head.get('flagwire-cursor'));
        await Promise.all(probes.map((probe) => probe.waitForCursor(production)));
      }
    }
    writer.destroy();
  }
}

export async function closeAll(probes: readonly SyncProbe[]): Promise<void> {
  await Promise.all(probes.map((probe) => probe.close()));
}

/** By how much a count grows while something is done. */
export async function growth(count: () => number | Promise<number>, act: () => Promise<void>): Promise<number> {
  const before = await count();
  await act();
  return (await count()) - before;
}
