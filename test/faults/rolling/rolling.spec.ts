/** 120 clients behind nginx and 48 behind HAProxy; with FLAGWIRE_TEST_FULL=1 the 300 of the promise, behind both. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Balancer, has } from '../../support/balancer.js';
import { SeededRandom, testSeed } from '../../support/random.js';
import { skipIf } from '../../support/skip-if.js';
import { freshDatabase } from '../../support/fresh-database.js';
import { useServers } from '../../support/use-servers.js';
import { INVARIANTS, judge, type Violation } from '../cluster/judge.js';
import { figuresOf, needlessSyncs } from './figures.js';
import { rollingRestart, type Seen } from './rolling-restart.js';
import { triedConfiguration } from './tried-configuration.js';

const LIMIT_MS = 300_000;
const IS_FULL = process.env['FLAGWIRE_TEST_FULL'] === '1';
/** What is promised, five seconds, is held against the clock where the machine has nothing else to do. */
const LIMITS = { convergenceMs: IS_FULL ? 5000 : 12_000, answerMs: 12_000, cutMs: 5000 };
/** At the default most of two cores would be spent on who has what, where so many clients are so few nodes'. */
const CALM = { FLAGWIRE_TRUST_PROXY: '1', FLAGWIRE_ACKS_PER_SECOND: '30' };
/** Nobody revokes anything here, and nobody comes with a cursor of another time. */
const JUDGED = INVARIANTS.filter((name) => name !== 'no cursor leads to silence' && name !== 'a revoked key is cut in time');

const BALANCERS = [
  { program: 'nginx', clients: IS_FULL ? 300 : 120, env: {}, asks: false },
  { program: 'haproxy', clients: IS_FULL ? 300 : 48, asks: true, env: { FLAGWIRE_DRAIN_DELAY_S: '3', FLAGWIRE_DRAIN_S: '2' } },
] as const;

describe.each(BALANCERS)(
  'three nodes behind $program that are restarted one after the other',
  ({ program, clients, env, asks }) => {
    skipIf(!has(program), `${program} is not installed`).describe('under changes', () => {
      const start = useServers();
      let balancer: Balancer;
      let seen: Seen;
      let violations: Violation[];

      beforeAll(async () => {
        const { url: database } = await freshDatabase('rolling');
        const nodes = [];
        for (const _ of [1, 2, 3]) nodes.push(await start({ database, env: { ...CALM, ...env }, timeoutMs: 60_000 }));
        balancer = await Balancer.start(program, triedConfiguration(program, nodes));
        const seed = testSeed();
        seen = await rollingRestart({ nodes, url: balancer.url, clients, limits: LIMITS }, new SeededRandom(seed));
        violations = judge(seen.record);
        process.stderr.write(`${program}, seed ${seed}: ${figuresOf(seen).join('\n  ')}\n`);
      }, LIMIT_MS);
      afterAll(() => balancer.stop());

      it.each(JUDGED)('keep it that %s', (invariant) => {
        const broken = violations.filter((violation) => violation.invariant === invariant);
        expect(broken.slice(0, 10).map(({ what }) => what)).toEqual([]);
      });

      it('send nobody all flags a second time, where what was missed is shorter', () => {
        expect(needlessSyncs(seen)).toEqual([]);
      });

      it('say goodbye to everybody before they end', () => {
        const ended = seen.crowd.stock.flatMap(({ where, visits }) =>
          visits.slice(0, -1).map((visit) => ({ name: where.name, visit })),
        );
        expect(ended.length).toBeGreaterThan(0);
        expect(ended.filter(({ visit }) => !visit.includes('shutdown'))).toEqual([]);
      });

      // nginx looks at no health check.
      if (asks)
        it('are sent nobody while they send their clients away', () => {
          expect(seen.crowd.stock.filter(({ turnedAway }) => turnedAway > 0).map(({ where }) => where.name)).toEqual([]);
        });

      it('keep stock clients, which come back by themselves', () => {
        expect(seen.complaints).toEqual([]);
      });

      it('answer every read, and do every write', () => {
        expect(Object.keys(seen.traffic.reads)).toEqual(['200']);
        // Some of them are to be refused.
        expect(Object.keys(seen.traffic.writer.written.outcomes).filter((outcome) => !/^[24]\d\d$/.test(outcome))).toEqual([]);
      });

      it('end in order', () => {
        expect(seen.ends).toEqual(seen.ends.map(() => ({ code: 0, signal: null })));
      });
    });
  },
);
