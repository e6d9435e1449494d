import { beforeAll, describe, expect, it } from '@jest/globals';
import { Stage } from '../contract/support/stage.js';
import { type TestServer } from '../support/server.js';
import { useServers } from '../support/use-servers.js';
import { socketDoors, synced, transportOf } from './support/socket-doors.js';

const launch = useServers();
let server: TestServer;

beforeAll(async () => {
  server = await launch({ env: { FLAGWIRE_HEARTBEAT_S: '0.3' } });
}, 60_000);

/** A definition of about 240 KB, with characters of several bytes at places that no slice knows of. */
const variants = Object.fromEntries(['on', 'off', 'a', 'b'].map((name) => [name, `${name}ä€😀`.repeat(5000)]));
const LARGE = { value_type: 'string', variants, default_variant: 'off' };

describe.each(socketDoors)('A $name', (door) => {
  it('carries a message that is larger than a slice whole, in a full sync, a change and an answer', async () => {
    const stage = await Stage.open(server);
    await stage.create('large', LARGE);
    const probe = await synced(door, { url: server.url, key: stage.key });
    expect(probe.state).toEqual(await stage.truth());
    const cursors = [await stage.patch('large', { description: 'edited' }), await stage.create('second', LARGE)];
    await probe.waitForCursor(cursors[1] ?? '', 20_000);
    expect(probe.state).toEqual(await stage.truth());
    expect(await probe.ask('GetFlag', { flag_id: 'large' })).toMatchObject({ data: probe.state.get('large') });
    await probe.close();
    probe.assertInOrder();
  });

  it('that reads late has every change, in order, and the state of the environment', async () => {
    const stage = await Stage.open(server);
    await stage.create('large', LARGE);
    const probe = await synced(door, { url: server.url, key: stage.key });
    const reader = transportOf(probe);
    reader.pause();
    let cursor = '';
    for (let count = 0; count < 40; count += 1) cursor = await stage.patch('large', { description: `edit ${count}` });
    reader.resume();
    await probe.waitForCursor(cursor, 30_000);
    expect([probe.state, probe.applied.length]).toEqual([await stage.truth(), 40]);
    await probe.close();
    probe.assertInOrder();
  });
});
