/**
 * Stream clients in a process of their own: `{ connect: { port, path, count } }` opens them and answers when each has had its
 * first sync; `{ tally: true }` answers with what they have been sent since. Each client's revisions have to be dense.
 */
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';

const CHANGE = /id: [a-z0-9]{8}\.(\d+)\.[a-z0-9]{6}\ndata: \{"type":"Flag/g;

const tally = { deliveries: 0, bytes: 0, faults: 0 };
let lastChunk = Buffer.alloc(0);
let lastRevisions = [];

/** Everybody is sent the same bytes: what was read last is most often what comes next. */
function revisionsOf(text) {
  return [...text.matchAll(CHANGE)].map((match) => Number(match[1]));
}

function read(client, chunk) {
  if (client.rest === '' && chunk.equals(lastChunk)) return lastRevisions;
  const text = client.rest + chunk.toString('latin1');
  const whole = text.lastIndexOf('\n\n') + 2;
  const isAtEnd = /^(\r\n)?$/.test(text.slice(whole));
  const revisions = revisionsOf(text.slice(0, whole));
  if (client.rest === '' && isAtEnd) [lastChunk, lastRevisions] = [chunk, revisions];
  client.rest = isAtEnd ? '' : text.slice(whole);
  return revisions;
}

function count(client, chunk) {
  for (const revision of read(client, chunk)) {
    if (client.revision !== 0 && revision !== client.revision + 1) tally.faults += 1;
    client.revision = revision;
    tally.deliveries += 1;
  }
  tally.bytes += chunk.length;
}

function open(port, path) {
  return new Promise((resolve, reject) => {
    const client = { rest: '', revision: 0 };
    let head = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
    });
    const starting = (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('"SyncComplete"')) return;
      socket.off('data', starting).on('data', (more) => count(client, more));
      resolve();
    };
    socket.on('data', starting).on('error', reject);
    socket.on('close', () => {
      tally.faults += 1;
      reject(new Error(`A stream ended: ${head.slice(0, 500)}`));
    });
  });
}

/** A few at a time, so that no backlog overflows. */
async function openAll({ port, path, count: wanted }) {
  for (let opened = 0; opened < wanted; opened += 50) {
    await Promise.all(Array.from({ length: Math.min(50, wanted - opened) }, () => open(port, path)));
  }
}

process.on('message', async (message) => {
  if (message.connect) await openAll(message.connect);
  process.send(tally);
});
process.on('disconnect', () => process.exit());
