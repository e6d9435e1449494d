import { request, type IncomingMessage } from 'node:http';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { httpRequest, type HttpAnswer } from './http-request.js';
import { SseParser } from './sse-parser.js';

/** Of SSE, both sockets, polls with `since`, and polls with a tag; both polls wait. */
export const TRANSPORTS = ['sse', 'websocket', 'socket.io', 'long-poll', 'poll'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** How long the answer to a poll may take. */
const POLL_TIMEOUT_MS = 60_000;

export interface LineOptions {
  url: string;
  key: string;
  flags: readonly string[] | undefined;
  /** What is presented at the start; undefined: nothing. */
  cursor: string | undefined;
  /** How long a poll waits, in seconds. */
  waitS: number;
}

/** Who is at the other end of a line. */
export interface Listener {
  /** @param id the cursor, where it is not in the text. */
  onMessage(text: string, id?: string): void;
  /** @returns the cursor to ask with next; null: no more. */
  onAnswer(answer: HttpAnswer | null): string | null;
  /** The server is there: bytes came, whatever they mean. */
  onSign?(): void;
  /** The connection is over, by whomever: told once, and not of polls. */
  onEnd?(): void;
}

/** One connection, without a memory. It never comes back by itself. */
export interface Line {
  /** @param abruptly without a word to the server. */
  leave(abruptly: boolean): void;
  /** Only sockets take requests. */
  send?(type: string, fields: object): void;
  /** Stops to read, and reads again; what is slow to read is no poll. */
  stall?(isStalled: boolean): void;
}

function query({ flags, cursor }: LineOptions): string {
  return new URLSearchParams({
    ...(flags && { flags: flags.join(',') }),
    ...(cursor !== undefined && { last_event_id: cursor }),
  }).toString();
}

function stream(options: LineOptions, listener: Listener): Line {
  const headers = { 'X-API-Key': options.key };
  const call = request(`${options.url}/sdk/stream?${query(options)}`, { headers, agent: false });
  const parser = new SseParser(({ data, lastEventId }) => {
    if (data !== null) listener.onMessage(data, lastEventId);
  });
  let reading: IncomingMessage | undefined;
  call.on('error', () => undefined);
  call.once('close', () => listener.onEnd?.());
  call.on('response', (response: IncomingMessage) => {
    reading = response;
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      listener.onSign?.();
      if (response.statusCode === 200) parser.push(chunk);
    });
  });
  call.end();
  return {
    leave: () => call.destroy(),
    stall: (isStalled) => void (isStalled ? reading?.pause() : reading?.resume()),
  };
}

function webSocket(options: LineOptions, listener: Listener): Line {
  const url = `${options.url.replace('http', 'ws')}/sdk/ws?${query(options)}`;
  const socket = new WebSocket(url, { headers: { 'X-API-Key': options.key } });
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    listener.onSign?.();
    listener.onMessage(data.toString());
  });
  socket.on('ping', () => listener.onSign?.());
  socket.once('close', () => listener.onEnd?.());
  return {
    leave: (abruptly) => (abruptly ? socket.terminate() : socket.close()),
    send: (type, fields) => socket.send(JSON.stringify({ type, ...fields })),
    stall: (isStalled) => (isStalled ? socket.pause() : socket.resume()),
  };
}

function socketIo({ url, key, flags, cursor }: LineOptions, listener: Listener): Line {
  const auth = { key, ...(flags && { flags }), ...(cursor !== undefined && { last_event_id: cursor }) };
  const socket = io(`${url}/sdk`, { transports: ['websocket'], auth, forceNew: true, reconnection: false });
  socket.on('message', (message: object) => {
    listener.onSign?.();
    listener.onMessage(JSON.stringify(message));
  });
  socket.io.on('ping', () => listener.onSign?.());
  // One of them comes: it does not get in, or it was in.
  socket.once('connect_error', () => listener.onEnd?.());
  socket.once('disconnect', () => listener.onEnd?.());
  return {
    leave: (abruptly) => void (abruptly ? socket.io.engine.close() : socket.close()),
    send: (type, fields) => void socket.emit(type, fields),
  };
}

type Ask = (cursor: string, wait: string) => { query: Record<string, string>; headers?: Record<string, string> };

function polls({ url, key, flags, cursor, waitS }: LineOptions, listener: Listener, ask: Ask): Line {
  const leaving = new AbortController();
  const run = async (): Promise<void> => {
    for (let next: string | null = cursor ?? 'none'; next !== null && !leaving.signal.aborted;) {
      const asked = ask(next, String(waitS));
      const target = new URL('/sdk/poll', url);
      target.search = new URLSearchParams({ ...asked.query, ...(flags && { flags: flags.join(',') }) }).toString();
      const headers = { 'X-API-Key': key, ...asked.headers };
      const options = { headers, timeoutMs: POLL_TIMEOUT_MS, signal: leaving.signal };
      const answer = await httpRequest(target, options).catch(() => null);
      if (leaving.signal.aborted) return;
      next = listener.onAnswer(answer);
    }
  };
  void run();
  return { leave: () => leaving.abort() };
}

const sinceCursor: Ask = (since, wait) => ({ query: { since, wait } });
const withTag: Ask = (cursor, wait) =>
  cursor === 'none' ? { query: {} } : { query: { wait }, headers: { 'If-None-Match': `W/"${cursor}"` } };

/** How to open a line by each transport. */
export const LINES: Record<Transport, (options: LineOptions, listener: Listener) => Line> = {
  sse: stream,
  websocket: webSocket,
  'socket.io': socketIo,
  'long-poll': (options, listener) => polls(options, listener, sinceCursor),
  poll: (options, listener) => polls(options, listener, withTag),
};
