import { expect } from '@jest/globals';
import { withSeed, type SeededRandom } from '../support/random.js';
import { contract, type Declare } from './support/contract.js';
import { type Stage } from './support/stage.js';

const FLAGS = ['a', 'b', 'x.1', 'x.2', 'y'];
const STATUSES = ['enabled', 'disabled', 'deprecated'] as const;

/** Any write that the present state allows; the cursor after it. */
async function writeSomething(random: SeededRandom, stage: Stage, archived: Set<string>): Promise<string> {
  const flag = random.pick(FLAGS);
  if (archived.has(flag)) {
    archived.delete(flag);
    return stage.restore(flag);
  }
  const present = FLAGS.filter((id) => !archived.has(id));
  const edit = () => ({ status: random.pick(STATUSES), default_variant: random.pick(['on', 'off', null]) });
  switch (random.int(0, 5)) {
    case 0:
      archived.add(flag);
      return stage.archive(flag);
    case 1:
      return stage.patch(flag, { description: random.text(8) });
    case 2:
      return stage.set(
        random
          .shuffle(present)
          .slice(0, random.int(1, present.length))
          .map((id) => ({ flag: id, ...edit() })),
      );
    case 3:
      return stage.edit(flag, edit());
    default:
      return stage.edit(flag, { status: random.pick(STATUSES) });
  }
}

function promises(promise: Declare): void {
  promise('who follows any writes, and who comes and goes, has the state of the environment', async ({ stage, start, visit }) => {
    await withSeed(async (random) => {
      for (const flag of FLAGS) await stage.create(flag);
      const archived = new Set<string>();
      const filter = ['b', 'x.*'];
      const [all, some] = [await start(), await start({ flags: filter })];
      let [left, leftFiltered] = [await visit(), await visit({ flags: filter })];
      let cursor = all.cursor;
      for (let count = 0; count < 20; count += 1) {
        cursor = await writeSomething(random, stage, archived);
        if (random.chance(0.3)) await all.waitForCursor(cursor);
        if (random.chance(0.2)) left = await visit(left);
        if (random.chance(0.2)) leftFiltered = await visit({ ...leftFiltered, flags: filter });
      }
      const truth = await stage.truth();
      const chosen = new Map([...truth].filter(([id]) => id === 'b' || id.startsWith('x.')));
      for (const subscriber of [all, some]) await subscriber.waitForCursor(cursor);
      left = await visit(left);
      leftFiltered = await visit({ ...leftFiltered, flags: filter });
      expect([all.state, left.state]).toEqual([truth, truth]);
      expect([some.state, leftFiltered.state]).toEqual([chosen, chosen]);
    });
  });
}

contract('A history drawn at random', { FLAGWIRE_RING_REVISIONS: '3', FLAGWIRE_HEARTBEAT_S: '0.3' }, promises);
