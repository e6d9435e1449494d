/**
 * Clients that stay, in a process of their own. Each one's revisions have to be dense: a gap, a repeat and an end that was not
 * announced are faults. Messages, each answered:
 *
 * - `{ connect: { door, port, path, auth?, count, cursor?, inFlight?, isDeaf? } }`: more clients, `{ ms, bytes }` once each has had its
 *   sync. A deaf one then reads no more.
 * - `{ tally: true }`: what all have been sent beyond their syncs
 * - `{ arrivals: true }`: when each change reached the first client and the last since this was asked before
 * - `{ mayEnd: true }`: the server is about to end
 * - `{ reconnect: { inFlight } }`: all of them again, each with the cursor that it has; `{ ms, bytes }`
 * - `{ drop: true }`: ends all
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import { monotonicUs } from './clock.mjs';
import { DOORS } from './doors.mjs';

const clients = [];
const tally = { deliveries: 0, bytes: 0, faults: 0 };
let syncBytes = 0;
let arrivals = new Map();
let lateness = [];
let lastChunk = Buffer.alloc(0);
let lastParsed = null;

/** Everybody is sent the same bytes: what was read last is most often what comes next. */
function parse(client, chunk) {
  if (client.rest === '' && chunk.equals(lastChunk)) return lastParsed;
  const { target, rest, cursor } = client;
  const parsed = DOORS[target.door].parse(rest + chunk.toString('latin1'), target, cursor);
  // Bytes that an answer depends on are no client's but this one's.
  const isCommon = rest === '' && parsed.rest === '' && client.isLive && parsed.says.length === 0;
  if (isCommon) [lastChunk, lastParsed] = [chunk, parsed];
  return parsed;
}

function arrived({ revision, due }, at) {
  const arrival = arrivals.get(revision);
  if (arrival === undefined) arrivals.set(revision, { revision, due, count: 1, first: at, last: at });
  else {
    arrival.count += 1;
    arrival.last = at;
  }
  if (due !== null) lateness.push(at - due);
}

function receive(client, chunk) {
  const parsed = parse(client, chunk);
  client.rest = parsed.rest;
  for (const frame of parsed.says) client.socket.write(frame);
  const at = monotonicUs();
  for (const change of parsed.changes) {
    if (client.revision !== null && change.revision !== client.revision + 1) tally.faults += 1;
    client.revision = change.revision;
    client.cursor = change.cursor;
    if (client.isLive) tally.deliveries += 1;
    arrived(change, at);
  }
  if (client.isLive) tally.bytes += chunk.length;
  else syncBytes += chunk.length;
  if (parsed.synced) synced(client, parsed.cursor);
}

/** A floor's sync may name no cursor. */
function synced(client, cursor) {
  const revision = cursor === null ? null : Number(cursor.split('.')[1]);
  if (client.revision !== null && revision !== null && revision !== client.revision) tally.faults += 1;
  client.revision = revision ?? client.revision;
  client.cursor = cursor ?? client.cursor;
  client.isLive = true;
  client.onLive();
}

function open(client) {
  Object.assign(client, { rest: '', isLive: false, mayEnd: false });
  const { target } = client;
  return new Promise((resolve, reject) => {
    const socket = connect(target.port, '127.0.0.1', () => {
      socket.write(DOORS[target.door].request(target, client.cursor));
    });
    client.socket = socket;
    client.onLive = () => {
      if (target.isDeaf) socket.pause();
      resolve();
    };
    socket.once('data', (chunk) => {
      const text = chunk.toString('latin1', 0, 500);
      if (!/^HTTP\/1\.1 (101|200) /.test(text)) reject(new Error(`A client was answered ${text}`));
    });
    socket.on('data', (chunk) => receive(client, chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      if (!client.mayEnd) tally.faults += 1;
      reject(new Error(`A client's connection ended: ${client.rest.slice(0, 500)}`));
    });
  });
}

/** Some at a time, so that no backlog overflows. */
async function openAll(wanted, inFlight = 50) {
  syncBytes = 0;
  const from = monotonicUs();
  const waiting = [...wanted];
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await open(next);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { ms: (monotonicUs() - from) / 1000, bytes: syncBytes };
}

function add({ count, cursor = null, inFlight, ...target }) {
  const revision = cursor === null ? null : Number(cursor.split('.')[1]);
  const added = Array.from({ length: count }, () => ({ target, cursor, revision }));
  clients.push(...added);
  return openAll(added, inFlight);
}

function takeArrivals() {
  lateness.sort((a, b) => a - b);
  const at = (share) => lateness[Math.max(0, Math.ceil(lateness.length * share) - 1)] ?? null;
  const taken = { changes: [...arrivals.values()], p50Us: at(0.5), p99Us: at(0.99) };
  arrivals = new Map();
  lateness = [];
  return taken;
}

function expectEnd() {
  for (const client of clients) client.mayEnd = true;
  return {};
}

async function drop() {
  expectEnd();
  const open = clients.splice(0).filter(({ socket }) => !socket.destroyed);
  await Promise.all(open.map(({ socket }) => once(socket.destroy(), 'close')));
  return {};
}

function answer(message) {
  if (message.connect) return add(message.connect);
  if (message.reconnect) return openAll(clients, message.reconnect.inFlight);
  if (message.arrivals) return takeArrivals();
  if (message.mayEnd) return expectEnd();
  if (message.drop) return drop();
  return tally;
}

process.on('message', async (message) => process.send(await answer(message)));
process.on('disconnect', () => process.exit());
