/**
 * Clients that come, have their sync and go, in a process of their own: `{ visit: { port, path, rate, count } }` opens so many
 * streams a second whatever they take, and answers how many bytes the smallest and the largest of them had.
 */
import { connect } from 'node:net';
import { monotonicUs } from './clock.mjs';

const TICK_MS = 5;
const END = '"SyncComplete"';
/** The end of a sync may be cut in two. */
const TAIL = 200;

function visit({ port, path }) {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let tail = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
    });
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      tail += chunk.toString('latin1', Math.max(0, chunk.length - TAIL));
      const end = tail.indexOf(END);
      if (end >= 0 && tail.endsWith('\n\n\r\n')) {
        socket.destroy();
        resolve(bytes);
      }
      tail = tail.slice(-TAIL);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`A stream ended after ${bytes} bytes: ${tail}`)));
  });
}

async function visitAll({ rate, count, ...target }) {
  const from = monotonicUs();
  const visits = [];
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((monotonicUs() - from) / 1e6) * rate) + 1);
      while (visits.length < due) visits.push(visit(target));
      if (visits.length < count) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  const bytes = await Promise.all(visits);
  return { visits: bytes.length, least: Math.min(...bytes), most: Math.max(...bytes) };
}

process.on('message', async (message) => process.send(await visitAll(message.visit)));
process.on('disconnect', () => process.exit());
