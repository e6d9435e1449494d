import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type PropagationAnswer } from '@flagwire/protocol/admin';
import { absentText, arrivalBar } from '../../packages/cli/src/output/arrival-text.js';
import { StreamWitness } from '../support/receipts.js';
import { type TestServer } from '../support/server.js';
import { describeEachDatabase, useServers } from '../support/use-servers.js';
import { commandsOf } from './support/flagwire.js';

describeEachDatabase('flagwire set --wait', (database) => {
  const start = useServers();
  const witnesses: StreamWitness[] = [];
  const looking = setInterval(() => witnesses.forEach((witness) => witness.look()), 5);
  let server: TestServer;
  let run: ReturnType<typeof commandsOf>['run'];
  let json: ReturnType<typeof commandsOf>['json'];

  beforeAll(async () => {
    server = await start({ database });
    ({ run, json } = commandsOf(server));
    await server.admin.createFlag('checkout');
    const { key } = await server.admin.createKey('staging');
    for (const kind of ['sse', 'websocket', 'socket.io'] as const) {
      witnesses.push(await StreamWitness.connect(kind, { url: server.url, key, client: `of-${kind}/1` }));
    }
  }, 60_000);
  afterAll(async () => {
    clearInterval(looking);
    await Promise.all(witnesses.map((witness) => witness.close()));
  });

  it('ends when every client has the change, and says how long that took', async () => {
    const { code, stdout, stderr } = await run('set checkout -e staging --status enabled --wait');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^staging is at [\s\S]*^All 3 clients on one node have revision \d+: p50 [\d.]+ ms, p99 [\d.]+ ms/m);
  });

  it('is one document for programs', async () => {
    const answer = await json<{ revision: number; propagation: PropagationAnswer }>(
      'set checkout -e staging --status disabled --wait',
    );
    expect(answer.propagation).toMatchObject({ revision: answer.revision, complete: true, clients: { connected: 3, have: 3 } });
  });

  it('names who is behind when its time is over; the change is written', async () => {
    witnesses.forEach((witness) => (witness.isStuck = witness !== witnesses[0]));
    const { code, stdout, stderr } = await run('set checkout -e staging --status enabled --wait --timeout 1');
    expect(code).toBe(4);
    expect(stdout).toContain('staging is at');
    expect(stderr).toMatch(/1 of 3 clients have it after 1 s/);
    expect(stderr).toMatch(/of-websocket\/1 by websocket on \S+: at \S+ since/);
    expect((await server.admin.getEnv('checkout', 'staging')).body.status).toBe('enabled');
    expect(stderr).not.toContain('of-sse');
  });
});

it('the bar is full only when nobody is behind', () => {
  const answer = (have: number, connected: number) =>
    ({
      revision: 7,
      clients: { have, connected, behind: connected - have },
      behind: [],
      missing: [],
    }) as unknown as PropagationAnswer;
  expect(arrivalBar(answer(999, 1000))).toBe(`[${'#'.repeat(23)}.] 999 of 1000 clients have revision 7`);
  expect(arrivalBar(answer(0, 0))).toContain(`[${'#'.repeat(24)}]`);
  expect(absentText(answer(1, 3))).toBe('  2 more');
});
