import { afterEach, expect, it } from '@jest/globals';
import { WakeUps } from '../../src/changes/wake-ups.js';
import { listensToPostgres, TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';
import { useNodes } from './in-process-node.js';

const nodes = useNodes();
const proxies: TcpProxy[] = [];
afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.stop())));

/** A node that reads the log when it is woken up, and in an hour. */
async function nodeBehindProxy(prepare: (proxy: TcpProxy) => void) {
  const { url } = await nodes.postgres();
  const proxy = await TcpProxy.start(url);
  proxies.push(proxy);
  prepare(proxy);
  const settings = { listenUrl: proxy.through(url), tailMs: 3_600_000 };
  const node = await nodes.start({ databaseUrl: url, settings });
  return { node, proxy, probe: await node.stream({ key: await node.key() }) };
}

it('defect 2: a node listens first and catches up then: what was committed between its first read and its LISTEN arrives', async () => {
  const { node, proxy, probe } = await nodeBehindProxy((proxy) => proxy.hold('toServer'));
  expect(node.part(WakeUps).hearing).toBe('disconnected');
  const cursor = await node.append('in-between');
  proxy.release('toServer');
  await probe.waitForCursor(cursor);
  await probe.close();
});

it('defect 2: after an outage of its listening connection a node listens first and catches up then', async () => {
  const { node, proxy, probe } = await nodeBehindProxy(() => undefined);
  const wakeUps = node.part(WakeUps);
  await eventually(() => wakeUps.hearing === 'ok');
  proxy.refuse();
  proxy.resetAll(listensToPostgres);
  await eventually(() => wakeUps.hearing !== 'ok');
  const cursor = await node.append('during-the-outage');
  await proxy.accept();
  await probe.waitForCursor(cursor, 10_000);
  expect(probe.checker.cursor).toBe(cursor);
  await eventually(() => wakeUps.hearing === 'ok');
  await probe.close();
});
