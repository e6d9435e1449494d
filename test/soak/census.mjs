/**
 * Loaded into a server (`node --expose-gc --import …/census.mjs`): on SIGUSR2 it prints what the process holds, after collecting
 * its garbage, as one line of JSON that begins with {"census":.
 */
import { EventEmitter } from 'node:events';
import { queryObjects } from 'node:v8';

function tally(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function listenersOf(emitter) {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}

process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
  const resources = tally(process.getActiveResourcesInfo());
  const handles = process._getActiveHandles().filter((handle) => handle instanceof EventEmitter);
  const listeners = listenersOf(process) + handles.reduce((sum, handle) => sum + listenersOf(handle), 0);
  const { heapUsed, external, rss } = process.memoryUsage();
  // Sockets, requests, sessions' parts: whatever emits events and is still reachable.
  const emitters = queryObjects(EventEmitter, { format: 'count' });
  const census = { resources, listeners, emitters, heapUsed, external, rss };
  process.stdout.write(`${JSON.stringify({ census })}\n`);
});
