import { expect, it } from '@jest/globals';
import { WakeUps } from '../../src/changes/wake-ups.js';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();
/** Nobody listens there. */
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing';

it('defect 17: every node sends what it reads in the log, whoever wrote it, also while no wake-up reaches it', async () => {
  const { url: databaseUrl } = await nodes.postgres();
  const [writer, woken, deaf] = [
    await nodes.start({ databaseUrl }),
    await nodes.start({ databaseUrl, settings: { tailMs: 3_600_000 } }),
    await nodes.start({ databaseUrl, settings: { listenUrl: NOWHERE } }),
  ];
  const key = await writer.key();
  const probes = await Promise.all([writer, woken, deaf].map((node) => node.stream({ key })));
  for (const id of ['one', 'two']) {
    const { cursors } = await writer.admin.createFlag(id);
    for (const probe of probes) await probe.waitForCursor(cursors['production'] ?? '');
  }
  expect(deaf.part(WakeUps).hearing).toBe('disconnected');
  expect(probes.map(({ state }) => [...state.keys()])).toEqual(probes.map(() => ['one', 'two']));
  await Promise.all(probes.map((probe) => probe.close()));
});
