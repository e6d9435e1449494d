import { type Stage } from '../../contract/support/stage.js';
import { type SocketProbe } from '../../support/socket-probe.js';
import { socketDoors, synced } from './socket-doors.js';

const LONG = 30_000;

/** Well-behaved clients at each door of a stage: they get each change, whatever others send beside them. */
export class Bystanders {
  private changes = 0;

  private constructor(
    private readonly stage: Stage,
    private readonly probes: readonly SocketProbe[],
  ) {}

  /** Makes the flag that is changed for them, `seen`. */
  static async open(stage: Stage): Promise<Bystanders> {
    await stage.create('seen');
    const { key, server } = stage;
    return new Bystanders(stage, await Promise.all(socketDoors.map((door) => synced(door, { url: server.url, key }))));
  }

  /** @throws Error where one of them does not get the next change, or got anything out of order. */
  async expectServed(): Promise<void> {
    this.changes += 1;
    const cursor = await this.stage.edit('seen', { status: this.changes % 2 === 0 ? 'disabled' : 'enabled' });
    for (const probe of this.probes) {
      await probe.waitForCursor(cursor, LONG);
      probe.assertInOrder();
    }
  }
}
