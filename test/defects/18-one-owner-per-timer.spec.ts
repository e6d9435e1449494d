import { beforeAll, expect, it } from '@jest/globals';
import { ChangeFeed } from '../../src/changes/change-feed.js';
import { SyncHub } from '../../src/sync/sync-hub.js';
import { poll } from '../support/poll-client.js';
import { eventually } from '../support/wait.js';
import { type InProcessNode, useNodes } from './in-process-node.js';

const nodes = useNodes();
const ROUNDS = 30;

let node: InProcessNode;
let key: string;

/** What could be held for each connection. */
function held(): object {
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  return { timers, followers: node.followers, connections: node.part(SyncHub).figures.connections().sse };
}

async function comeAndGo(): Promise<void> {
  const probe = await node.stream({ key });
  await probe.close();
  const waiting = poll({ url: node.url, key, query: { wait: '20' }, headers: { 'If-None-Match': `"${probe.cursor}"` } });
  await node.append('news', `after ${probe.cursor}`);
  await node.part(ChangeFeed).catchUp();
  await waiting;
}

beforeAll(async () => {
  node = await nodes.start({ settings: { tailMs: 3_600_000 } });
  key = await node.key();
  await comeAndGo();
});

it('defect 18: a reconnect adds no timer and no listener: after many there are as many as before', async () => {
  await eventually(() => node.part(SyncHub).figures.connections().sse === 0);
  const before = held();
  for (let round = 0; round < ROUNDS; round += 1) await comeAndGo();
  await eventually(() => expect(held()).toEqual(before));
});
