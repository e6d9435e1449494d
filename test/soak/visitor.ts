import { request, type IncomingMessage } from 'node:http';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { poll } from '../support/poll-client.js';
import { SseParser } from '../support/sse-parser.js';
import { SyncChecker } from '../support/sync-checker.js';
import { parseMessage, type FlagDefinition } from '../support/wire-types.js';

export const TRANSPORTS = ['sse', 'websocket', 'socket.io', 'long-poll'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What a visitor takes along from one visit to the next. */
export interface Memory {
  cursor: string;
  state: ReadonlyMap<string, FlagDefinition>;
}

export interface VisitOptions {
  url: string;
  key: string;
  flags: readonly string[] | undefined;
  memory: Memory | undefined;
  transport: Transport;
}

/** One connection that checks every message, and keeps none. */
export class Visitor {
  readonly checker: SyncChecker;
  received = 0;
  private leave: (abruptly: boolean) => void = () => undefined;
  private hasLeft = false;

  constructor(readonly options: VisitOptions) {
    const { flags, memory } = options;
    this.checker = new SyncChecker({ ...memory, ...(flags !== undefined && { flags }) });
    this.open(options.transport);
  }

  /** @param abruptly without a word to the server. */
  end(abruptly: boolean): Memory {
    this.hasLeft = true;
    this.leave(abruptly);
    const { cursor, state } = this.checker;
    return { cursor, state };
  }

  private open(transport: Transport): void {
    switch (transport) {
      case 'sse':
        return this.stream();
      case 'websocket':
        return this.webSocket();
      case 'socket.io':
        return this.socketIo();
      case 'long-poll':
        return void this.longPoll();
    }
  }

  private get query(): string {
    const { flags, memory } = this.options;
    const parts = { ...(flags && { flags: flags.join(',') }), ...(memory && { last_event_id: memory.cursor }) };
    return new URLSearchParams(parts).toString();
  }

  private receive(text: string, id?: string): void {
    if (this.hasLeft) return;
    this.received += 1;
    this.checker.receive(parseMessage(text, id));
    // What was applied is not asked for here, and an hour of it would be a leak of this program.
    this.checker.applied.length = 0;
  }

  private stream(): void {
    const { url, key } = this.options;
    const call = request(`${url}/sdk/stream?${this.query}`, { headers: { 'X-API-Key': key }, agent: false });
    const parser = new SseParser(({ data, lastEventId }) => {
      if (data !== null) this.receive(data, lastEventId);
    });
    call.on('error', () => undefined);
    call.on('response', (response: IncomingMessage) => {
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => parser.push(chunk));
    });
    call.end();
    this.leave = () => call.destroy();
  }

  private webSocket(): void {
    const { url, key } = this.options;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/sdk/ws?${this.query}`, { headers: { 'X-API-Key': key } });
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => this.receive(data.toString()));
    this.leave = (abruptly) => (abruptly ? socket.terminate() : socket.close());
  }

  private socketIo(): void {
    const { url, key, flags, memory } = this.options;
    const auth = { key, ...(flags && { flags }), ...(memory && { last_event_id: memory.cursor }) };
    const socket = io(`${url}/sdk`, { transports: ['websocket'], auth, forceNew: true, reconnection: false });
    socket.on('message', (message: object) => this.receive(JSON.stringify(message)));
    this.leave = (abruptly) => void (abruptly ? socket.io.engine.close() : socket.close());
  }

  private async longPoll(): Promise<void> {
    const { url, key, flags } = this.options;
    while (!this.hasLeft) {
      const query = { since: this.checker.cursor, wait: '20' };
      const answer = await poll({ url, key, query, ...(flags && { flags }) }, 40_000).catch(() => null);
      if (this.hasLeft) return;
      if (answer === null || answer.status !== 200) {
        this.checker.violations.push(`a long poll was answered ${answer?.status ?? 'not at all'}`);
        return;
      }
      this.received += 1;
      this.checker.receiveDelta(answer.json() as Parameters<SyncChecker['receiveDelta']>[0]);
      this.checker.applied.length = 0;
    }
  }
}
