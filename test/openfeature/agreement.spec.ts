import { describe, expect, it } from '@jest/globals';
import { ownProject } from '../e2e/support/own-project.js';
import { freePort } from '../support/free-port.js';
import { poll, type PollBody } from '../support/poll-client.js';
import { type SeededRandom, withSeed } from '../support/random.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { type FlagDefinition } from '../support/wire-types.js';
import { Agreement } from './support/agreement.js';
import { BareFlagd, flagdDocument } from './support/bare-flagd.js';
import { doors } from './support/doors.js';
import { drawContext } from './support/drawn-contexts.js';
import { drawFlag } from './support/drawn-flags.js';

/** Environments. An answer of OFREP with all flags has those of one. */
const ROUNDS = 10;
const FLAGS = 50;
/** Of each flag. They ask at the same time. */
const CONTEXTS = 20;

describe('The same flag and context', () => {
  const start = useServers();

  it("have the same variant, reason and error through every door as by flagd's own library", async () => {
    const grpcPort = await freePort();
    const server = await start({ env: { GRPC_PORT: String(grpcPort), FLAGWIRE_DRAIN_S: '0' } });
    const tally: Record<string, number> = {};
    await withSeed(async (random) => {
      for (let round = 0; round < ROUNDS; round += 1) await compare(server, grpcPort, random, tally);
    });
    const decisions = ROUNDS * FLAGS * CONTEXTS;
    process.stdout.write(`${decisions} decisions, each by ${doors.size} doors: ${JSON.stringify(tally)}\n`);
    // Otherwise little was compared.
    const kinds = ['DEFAULT', 'DISABLED', 'GENERAL', 'STATIC', 'TARGETING_KEY_MISSING', 'TARGETING_MATCH'];
    expect(Object.keys(tally).sort()).toEqual(kinds);
    expect(tally['TARGETING_MATCH']).toBeGreaterThan(decisions / 4);
  }, 300_000);
});

/** Flags in an environment of their own, each for contexts of its own, through every door. */
async function compare(server: TestServer, grpcPort: number, random: SeededRandom, tally: Record<string, number>): Promise<void> {
  const { admin, url } = server;
  const options = await ownProject(admin, ['live']);
  const drawn = new Map(Array.from({ length: FLAGS }, (_, n) => [`flag-${n}`, drawFlag(random)]));
  const document = Object.fromEntries([...drawn].map(([id, { needsKey: _, ...flag }]) => [id, flag]));
  await admin.import({ flags: document }, '?format=flagd&environment=live', options);
  const { key: serverKey } = await admin.createKey('live', 'server', {}, options);
  const { key: clientKey } = await admin.createKey('live', 'client', {}, options);
  const { flags } = (await poll({ url, key: serverKey })).json() as PollBody;
  expect(flags).toHaveLength(FLAGS);
  const needsKey = (id: string) => drawn.get(id)?.needsKey ?? false;
  const agreement = await Agreement.open({ url, grpcPort, serverKey, clientKey }, flags, needsKey);
  try {
    const found = [];
    for (const flag of flags) {
      const contexts = Array.from({ length: CONTEXTS }, () => drawContext(random));
      for (const { error, reason } of contexts.map((context) => agreement.due(flag, context))) {
        tally[error ?? reason] = (tally[error ?? reason] ?? 0) + 1;
      }
      found.push(...(await Promise.all(contexts.map((context) => agreement.disagreements(flag, context)))).flat());
    }
    const smallest = await agreement.smallest(found);
    if (smallest === undefined) return;
    const { door, said, due, flag, context } = smallest;
    const [one, other, rule, asked] = [said, due, flag, context].map((part) => JSON.stringify(part));
    throw new Error(`${door} says ${one}, and ${other} is due, of ${rule} for ${asked}: the smallest of ${found.length}`);
  } finally {
    await agreement.close();
  }
}

/** Where flagd's library decides otherwise once it has compiled a rule: no such rule is drawn above. It goes with the library's fix. */
describe('flagd’s own library, compiled and interpreted, is known to differ', () => {
  it.each<[string, FlagDefinition['targeting'], Record<string, unknown>]>([
    ['where cat has an attribute that is not there', { if: [{ '==': [{ cat: ['a', { var: 'x' }] }, 'a'] }, 'on', 'off'] }, {}],
    ['where a number is to lie between two, and is a text', { if: [{ '<': [1, { var: 'x' }, 9] }, 'on', 'off'] }, { x: 'text' }],
    ['where all is asked of a list that is not there', { if: [{ all: [{ var: 'x' }, true] }, 'on', 'off'] }, {}],
  ])('%s', (_where, targeting, context) => {
    const metadata = { version: 1, created_at: '', updated_at: '', tags: [], owner: null, critical: false };
    const flag: FlagDefinition = {
      ...{ id: 'a', name: 'a', description: '', status: 'enabled', value_type: 'boolean', variants: { on: true, off: false } },
      ...{ default_variant: 'off', targeting, metadata },
    };
    const [one, other] = (['interpreted', 'compiled'] as const).map((mode) =>
      new BareFlagd(flagdDocument([flag]), mode).decide(flag.id, context as never, false),
    );
    expect(one).not.toEqual(other);
  });
});
