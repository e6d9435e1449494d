/**
 * The three ways to connect, as text whose characters are bytes (latin1). A door says what a client sends first, and `parse`s what
 * it has been sent: changes with their cursors, the end of a sync, what has to be answered, and the rest, which is no whole message.
 */
import { randomBytes } from 'node:crypto';
import { answerTo, framesOf, textFrame } from './web-socket-frames.mjs';

const CURSOR = String.raw`[a-z0-9]{8}\.(\d+)\.[a-z0-9]{6}(?:\.[0-9a-f]{8})?`;
const DUE = /"due"\W+(\d+)/;
const STREAMED = new RegExp(String.raw`(?:id: (${CURSOR}|none)\n)?data: \{"type":"(Flag|SyncComplete)(.*)`, 'g');
const MESSAGE = new RegExp(String.raw`\{"type":"(Flag|SyncComplete)(.*)"id":"(${CURSOR}|none)"`, 's');

const nothing = () => ({ changes: [], synced: false, cursor: null, says: [], rest: '' });

/** @param found the id and its revision (undefined: none), the type's beginning, and what follows. */
function take(parsed, [cursor, revision, type, content]) {
  if (type === 'SyncComplete') return Object.assign(parsed, { synced: true, cursor: cursor ?? null });
  // A flag of a full sync has no cursor: it is no change.
  if (revision === undefined) return parsed;
  const due = DUE.exec(content)?.[1];
  parsed.changes.push({ cursor, revision: Number(revision), due: due === undefined ? null : Number(due) });
  return parsed;
}

const head = (path, port, fields) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${fields.join('\r\n')}\r\n\r\n`;
const resumed = (cursor) => (cursor === null ? [] : [`Last-Event-ID: ${cursor}`]);

const sse = {
  request: ({ path, port }, cursor) => head(path, port, ['Accept: text/event-stream', ...resumed(cursor)]),
  parse(text) {
    const parsed = nothing();
    const end = text.lastIndexOf('\n\n');
    const whole = end < 0 ? 0 : end + 2;
    for (const found of text.slice(0, whole).matchAll(STREAMED)) take(parsed, found.slice(1));
    // Between two messages there may be the framing of HTTP.
    parsed.rest = /^(\r\n)?$/.test(text.slice(whole)) ? '' : text.slice(whole);
    return parsed;
  },
};

function upgrade({ path, port }, cursor) {
  const key = randomBytes(16).toString('base64');
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`];
  return head(path, port, [...fields, ...resumed(cursor)]);
}

/** @param read what a text message says, taken into what was parsed; gives what has to be answered. */
function parseFrames(text, read) {
  const parsed = nothing();
  const isHead = text.startsWith('HTTP/');
  const headEnd = isHead ? text.indexOf('\r\n\r\n') + 4 : 0;
  if (isHead && headEnd < 4) return Object.assign(parsed, { rest: text });
  const { frames, rest } = framesOf(text.slice(headEnd));
  for (const frame of frames) {
    const answer = frame.opcode === 1 ? read(parsed, frame.payload) : answerTo(frame);
    if (answer !== null) parsed.says.push(answer);
  }
  return Object.assign(parsed, { rest });
}

function readMessage(parsed, text) {
  const found = MESSAGE.exec(text);
  if (found !== null) take(parsed, [found[3], found[4], found[1], found[2]]);
  return null;
}

const webSocket = { request: upgrade, parse: (text) => parseFrames(text, readMessage) };

/** Engine.IO's packets: 0 opens, 2 pings, 4 is a message of Socket.IO, whose 0 is a namespace, 2 an event, 4 a refusal. */
const socketIo = {
  request: (target) => upgrade(target, null),
  parse(text, { auth }, cursor) {
    const resume = cursor === null ? {} : { last_event_id: cursor };
    return parseFrames(text, (parsed, packet) => {
      if (packet.startsWith('0')) return textFrame(`40/sdk,${JSON.stringify({ ...auth, ...resume })}`);
      if (packet === '2') return textFrame('3');
      if (packet.startsWith('44')) throw new Error(`The server refused: ${packet}`);
      return packet.startsWith('42') ? readMessage(parsed, packet) : null;
    });
  },
};

export const DOORS = { sse, webSocket, socketIo };
