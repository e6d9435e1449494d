import assert from 'node:assert/strict';
import { type SocketDoor, socketDoors, synced } from '../../e2e/support/socket-doors.js';
import { SocketIoProbe } from '../../support/socket-io-client.js';
import { type SocketProbe } from '../../support/socket-probe.js';
import { within } from '../../support/wait.js';
import { type Bench } from '../bench.js';
import { type Check } from '../check.js';
import { PATIENCE_MS } from '../patience.js';
import { type Workspace } from '../workspace.js';

/** A client of the workspace that is up to date. */
async function follow(bench: Bench, door: SocketDoor, work: Workspace, options: object = {}): Promise<SocketProbe> {
  const probe = await synced(door, { ...work.request, ...options });
  bench.defer(() => probe.close());
  return probe;
}

function checksOf(door: SocketDoor): Check[] {
  const { name } = door;
  return [
    {
      sentence: `${name}: it begins with every flag, each change follows, and its cursor resumes on the stream`,
      async run(bench) {
        const work = await bench.workspace();
        for (const id of ['a', 'b']) await work.flag(id);
        const probe = await follow(bench, door, work);
        await probe.waitForCursor(await work.edit('a', { status: 'disabled' }), PATIENCE_MS);
        assert.deepEqual([probe.state.size, probe.state.get('a')?.status], [2, 'disabled']);
        const { cursor, state } = probe;
        await probe.close();
        const missed = await work.edit('b', { status: 'disabled' });
        const stream = await bench.stream({ ...work.request, cursor, state });
        assert.deepEqual([stream.applied.length, stream.checker.cursor], [1, missed]);
        for (const reader of [probe, stream]) reader.assertInOrder();
        return `left at ${cursor}, back on the stream with ${stream.applied.length} change at ${missed}`;
      },
    },
    {
      sentence: `${name}: Subscribe gives a full sync of its filter, and changes of nothing else follow`,
      async run(bench) {
        const work = await bench.workspace();
        for (const id of ['a', 'x.1']) await work.flag(id);
        const probe = await follow(bench, door, work);
        assert.equal((await probe.subscribe(['x.*'])).type, 'SyncStarted');
        await probe.waitForSync(PATIENCE_MS, 2);
        await work.edit('a', { status: 'disabled' });
        await probe.waitForCursor(await work.edit('x.1', { status: 'disabled' }), PATIENCE_MS);
        assert.deepEqual([[...probe.state.keys()], probe.applied.length], [['x.1'], 1]);
        probe.assertInOrder();
        return `${probe.applied.length} of 2 changes came, at ${probe.cursor}`;
      },
    },
    {
      sentence: `${name}: Ping, GetFlag and GetAllFlags are answered with their request_id, Unsubscribe by silence`,
      async run(bench) {
        const work = await bench.workspace();
        await work.flag('a');
        const probe = await follow(bench, door, work);
        const asked = [probe.ask('Ping'), probe.ask('GetFlag', { flag_id: 'a' }), probe.ask('GetFlag', { flag_id: 'b' })];
        const answers = (await Promise.all([...asked, probe.ask('GetAllFlags')])).map(({ type }) => type);
        assert.deepEqual(answers, ['Pong', 'FlagUpdated', 'Error', 'SyncStarted']);
        await probe.waitForSync(PATIENCE_MS, 2);
        assert.equal((await probe.unsubscribe()).id, 'none');
        await work.edit('a', { status: 'disabled' });
        await probe.ask('Ping');
        assert.deepEqual(probe.applied, []);
        probe.assertInOrder();
        return answers.join(', ');
      },
    },
    {
      sentence: `${name}: a revoked key says Goodbye, and its client is not to come back`,
      async run(bench) {
        const work = await bench.workspace();
        const doomed = await work.makeKey();
        const probe = await follow(bench, door, work, { key: doomed.key });
        await work.admin.revokeKey('live', doomed.id, work.at);
        const { code } = await within(probe.closed, PATIENCE_MS, 'the end of a revoked key');
        const how = probe instanceof SocketIoProbe ? probe.reason : code;
        assert.deepEqual(probe.goodbye, { reason: 'key_revoked', retry_after_ms: null });
        assert.equal(how, probe instanceof SocketIoProbe ? 'io server disconnect' : 4401);
        probe.assertInOrder();
        return `Goodbye key_revoked, then ${how}`;
      },
    },
  ];
}

export const sockets: readonly Check[] = socketDoors.flatMap(checksOf);
