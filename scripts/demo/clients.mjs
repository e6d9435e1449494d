/**
 * One client for each transport, of stock packages. Each calls `arrived(flag, updatedAt, what)` for every change event, and ends
 * with its signal.
 */
import { EventSource } from 'eventsource';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

/** The plain poll asks twice a second on average, at no fixed beat: it would fall into step with the changes. The others wait. */
const pollPauseMs = () => 1000 * Math.random();

function stage(message, arrived) {
  const { type, data } = message;
  if (type === 'FlagStatusChanged') arrived(data.updated_at, `${data.flag_id} is ${data.new_status}`);
}

function sse({ url, key, arrived, signal }) {
  const source = new EventSource(`${url}/sdk/stream?key=${key}`);
  source.onmessage = ({ data }) => stage(JSON.parse(data), arrived);
  signal.addEventListener('abort', () => source.close());
}

function socketIo({ url, key, arrived, signal }) {
  const socket = io(`${url}/sdk`, { transports: ['websocket'], auth: { key } });
  socket.on('message', (message) => stage(message, arrived));
  signal.addEventListener('abort', () => socket.disconnect());
}

function plainWebSocket({ url, key, arrived, signal }) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/sdk/ws?key=${key}`);
  socket.on('message', (text) => stage(JSON.parse(text.toString()), arrived));
  socket.on('error', () => undefined);
  signal.addEventListener('abort', () => socket.terminate());
}

/** Asks again and again until its signal; `step` gives what the next request needs. */
async function loop({ url, key, signal }, path, step) {
  let state = null;
  while (!signal.aborted) {
    try {
      const { query, headers } = path(state);
      const answer = await fetch(`${url}/sdk/poll${query}`, { headers: { 'X-API-Key': key, ...headers }, signal });
      state = await step(answer, state);
    } catch (error) {
      if (!signal.aborted && error.name !== 'TypeError') throw error;
      return;
    }
  }
}

function poll(client) {
  return loop(
    client,
    (state) => ({ query: '', headers: state === null ? {} : { 'If-None-Match': state.etag } }),
    async (answer, state) => {
      const next = answer.status === 304 ? state : { etag: answer.headers.get('etag'), flags: (await answer.json()).flags };
      if (state !== null) reportChanged(state.flags, next.flags, client.arrived);
      await new Promise((resolve) => setTimeout(resolve, pollPauseMs()));
      return next;
    },
  );
}

function reportChanged(before, after, arrived) {
  for (const { id, status, metadata } of after) {
    const known = before.find((flag) => flag.id === id);
    if (known?.metadata.version !== metadata.version) arrived(metadata.updated_at, `${id} is ${status}`);
  }
}

function longPoll(client) {
  return loop(
    client,
    (cursor) => ({ query: cursor === null ? '?since=none' : `?since=${cursor}&wait=30`, headers: {} }),
    async (answer, before) => {
      const { events, cursor } = await answer.json();
      if (before !== null) for (const event of events) stage(event, client.arrived);
      return cursor;
    },
  );
}

export const CLIENTS = {
  'SSE stream': sse,
  'Socket.IO': socketIo,
  WebSocket: plainWebSocket,
  'long poll': longPoll,
  'poll, ETag': poll,
};
