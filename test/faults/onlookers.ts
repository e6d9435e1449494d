import { expect } from '@jest/globals';
import { parseCursor } from '../support/cursor.js';
import { EtagPoller, SincePoller } from '../support/poll-client.js';
import { SseProbe } from '../support/sse-client.js';
import { eventually } from '../support/wait.js';
import { type FlagDefinition } from '../support/wire-types.js';
import { type OwnWriter } from './own-writer.js';

const PATIENCE_MS = 30_000;

export interface Onlooker {
  name: string;
  /** Does what such a client does by itself; gives what it then holds. */
  look(): Promise<{ cursor: string; state: ReadonlyMap<string, FlagDefinition> }>;
  assertInOrder(): void;
}

/** A stream that stays connected. */
async function connected(url: string, key: string): Promise<Onlooker> {
  const probe = await SseProbe.connect({ url, key, mayGoBack: true });
  await probe.waitForSync(PATIENCE_MS);
  return {
    name: `connected stream of ${url}`,
    look: async () => ({ cursor: probe.checker.cursor, state: probe.state }),
    assertInOrder: () => {
      if (!probe.isOpen) throw new Error('the stream was ended');
      probe.assertInOrder();
    },
  };
}

/** A stream that leaves now and comes back with what it held when it is asked to look. */
async function returning(url: string, key: string, to: string): Promise<Onlooker> {
  const first = await SseProbe.connect({ url, key, mayGoBack: true });
  await first.waitForSync(PATIENCE_MS);
  await first.close();
  let second: SseProbe | undefined;
  return {
    name: `returning stream of ${url} to ${to}`,
    look: async () => {
      second ??= await first.reconnect({ url: to });
      return { cursor: second.checker.cursor, state: second.state };
    },
    assertInOrder: () => second?.assertInOrder(),
  };
}

async function sincePoller(url: string, key: string): Promise<Onlooker> {
  const poller = new SincePoller({ url, key }, { mayGoBack: true });
  await poller.poll();
  return {
    name: `since poller of ${url}`,
    look: async () => {
      await poller.poll();
      return poller;
    },
    assertInOrder: () => poller.assertInOrder(),
  };
}

async function etagPoller(url: string, key: string): Promise<Onlooker> {
  const poller = new EtagPoller({ url, key }, { mayGoBack: true });
  await poller.poll();
  return {
    name: `etag poller of ${url}`,
    look: async () => {
      await poller.poll();
      return poller;
    },
    assertInOrder: () => undefined,
  };
}

/** Clients of every kind, on every node, who have seen what an environment was like. */
export async function gatherOnlookers(nodes: readonly string[], key: string): Promise<Onlooker[]> {
  const all: Onlooker[] = [];
  for (const [index, url] of nodes.entries()) {
    const other = nodes[(index + 1) % nodes.length] ?? url;
    all.push(await connected(url, key), await returning(url, key, url), await returning(url, key, other));
    all.push(await sincePoller(url, key), await etagPoller(url, key));
  }
  return all;
}

/** Waits until each of them holds what the database holds, to the mark of its head; nobody may break the protocol. */
export async function expectTruth(onlookers: readonly Onlooker[], writer: OwnWriter): Promise<void> {
  const truth = await writer.truth();
  expect(parseCursor(truth.cursor)).not.toBeNull();
  for (const onlooker of onlookers) {
    await eventually(
      async () => {
        const { cursor, state } = await onlooker.look();
        expect({ cursor, state }).toEqual(truth);
      },
      { timeoutMs: PATIENCE_MS, what: `the end of the ${onlooker.name}` },
    );
    onlooker.assertInOrder();
  }
}
