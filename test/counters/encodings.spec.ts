import { beforeAll, describe, expect, it } from '@jest/globals';
import { metric } from '../e2e/support/metrics.js';
import { useServers } from '../support/use-servers.js';
import { CHANGES, closeAll, Crowd, type Door, DOORS, growth, QUIET } from './support/crowd.js';

const startServer = useServers();
let crowd: Crowd;

const encodings = () => metric(crowd.server, 'flagwire_encodings_total');

const doors = Object.keys(DOORS) as Door[];

describe('encodings of a change', () => {
  beforeAll(async () => {
    crowd = await Crowd.of(await startServer({ env: QUIET }));
  });

  it.each(doors.flatMap((door) => [1, 2, 50].map((clients) => [clients, door] as const)))(
    'is one for %i clients on %s',
    async (clients, door) => {
      const probes = await crowd.connect(clients, door);
      expect(await growth(encodings, () => crowd.makeChanges(probes))).toBe(CHANGES);
      await closeAll(probes);
    },
  );

  it('is one for each form, however many clients have it', async () => {
    const probes = (await Promise.all(doors.map((door) => crowd.connect(5, door)))).flat();
    expect(await growth(encodings, () => crowd.makeChanges(probes))).toBe(doors.length * CHANGES);
    await closeAll(probes);
  });

  it('is one more for each filter that the change is for, and none for the others', async () => {
    const unfiltered = await crowd.connect(3);
    const byPrefix = await crowd.connect(3, 'SSE', ['count*']);
    const byId = await crowd.connect(3, 'SSE', ['counted']);
    const elsewhere = await crowd.connect(3, 'SSE', ['other']);
    const reached = [...unfiltered, ...byPrefix, ...byId];
    expect(await growth(encodings, () => crowd.makeChanges(reached))).toBe(3 * CHANGES);
    await closeAll([...reached, ...elsewhere]);
  });

  it('is none while nobody listens', async () => {
    expect(await growth(encodings, () => crowd.makeChanges([]))).toBe(0);
  });
});
