import { beforeAll, describe, expect, it } from '@jest/globals';
import { metric } from '../e2e/support/metrics.js';
import { useServers } from '../support/use-servers.js';
import { CHANGES, closeAll, Crowd, growth, QUIET } from './support/crowd.js';

const startServer = useServers();
let crowd: Crowd;

const encodings = () => metric(crowd.server, 'flagwire_encodings_total');

describe('encodings of a change for SSE', () => {
  beforeAll(async () => {
    crowd = await Crowd.of(await startServer({ env: QUIET }));
  });

  it.each([1, 2, 50])('is one for %i clients', async (clients) => {
    const probes = await crowd.connect(clients);
    expect(await growth(encodings, () => crowd.makeChanges(probes))).toBe(CHANGES);
    await closeAll(probes);
  });

  it('is one more for each filter that the change is for, and none for the others', async () => {
    const unfiltered = await crowd.connect(3);
    const byPrefix = await crowd.connect(3, { flags: 'count*' });
    const byId = await crowd.connect(3, { flags: 'counted' });
    const elsewhere = await crowd.connect(3, { flags: 'other' });
    const reached = [...unfiltered, ...byPrefix, ...byId];
    expect(await growth(encodings, () => crowd.makeChanges(reached))).toBe(3 * CHANGES);
    await closeAll([...reached, ...elsewhere]);
  });

  it('is none while nobody listens', async () => {
    expect(await growth(encodings, () => crowd.makeChanges([]))).toBe(0);
  });
});
