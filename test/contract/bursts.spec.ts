import { expect, it } from '@jest/globals';
import { type Door, DOORS } from '../counters/support/crowd.js';
import { revisionOf } from '../support/cursor.js';
import { withSeed, type SeededRandom } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { type SyncProbe } from '../support/sync-probe.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';

/** So many on each door that no turn of the server's loop serves them all. */
const CLIENTS = 110;
const BURSTS = 8;
const FLAGS = Array.from({ length: 10 }, (_, index) => `flag-${index}`);

interface Member {
  door: Door;
  probe: SyncProbe;
}

/** Members of one environment by every door, who may come back with what they had. */
class Members {
  readonly present: Member[] = [];
  readonly gone: SyncProbe[] = [];

  constructor(
    private readonly server: TestServer,
    private readonly key: string,
  ) {}

  async join(door: Door, before?: SyncProbe): Promise<void> {
    const had = before === undefined ? {} : { cursor: before.checker.cursor, state: before.state };
    this.present.push({ door, probe: await DOORS[door].connect({ url: this.server.url, key: this.key, ...had }) });
  }

  async leave(random: SeededRandom): Promise<Member> {
    const [member] = this.present.splice(random.int(0, this.present.length - 1), 1);
    if (member === undefined) throw new Error('Nobody is there');
    await member.probe.close();
    this.gone.push(member.probe);
    return member;
  }
}

/** Ten changes at once, so that some are read while those before them are on their way. */
async function burst(server: TestServer, round: number): Promise<string> {
  const status = round % 2 === 0 ? 'enabled' : 'disabled';
  const answers = await Promise.all(FLAGS.map((flag) => server.admin.patchEnv(flag, 'production', { status })));
  const cursors = answers.map(({ cursors }) => cursors['production'] ?? '');
  return cursors.reduce((newest, cursor) => (revisionOf(cursor) > revisionOf(newest) ? cursor : newest));
}

describeEachDatabase('Bursts of changes', (database) => {
  const start = useServers();

  it('reach whoever stays, comes, resumes and leaves in their midst, in order, without a gap or a repeat', async () => {
    await withSeed(async (random) => {
      const server = await start({ database });
      const { key } = await server.admin.createKey('production');
      for (const flag of FLAGS) await server.admin.createFlag(flag);
      const members = new Members(server, key);
      const doors = Object.keys(DOORS) as Door[];
      await Promise.all(doors.flatMap((door) => Array.from({ length: CLIENTS }, () => members.join(door))));
      let newest = '';
      for (let round = 1; round <= BURSTS; round += 1) {
        const made = burst(server, round);
        for (const door of doors) {
          const left = await members.leave(random);
          await Promise.all([members.join(left.door, left.probe), members.join(door)]);
        }
        newest = await made;
      }
      await Promise.all(members.present.map(({ probe }) => probe.waitForCursor(newest, 20_000)));
      const states = new Set(
        members.present.map(({ probe }) => JSON.stringify([...probe.state].sort(([a], [b]) => (a < b ? -1 : 1)))),
      );
      expect(states.size).toBe(1);
      for (const probe of [...members.gone, ...members.present.map((member) => member.probe)]) probe.assertInOrder();
      await Promise.all(members.present.map(({ probe }) => probe.close()));
    });
  });
});
