import { EventSource } from 'eventsource';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { SyncChecker } from '../../support/sync-checker.js';
import { type Goodbye, type Message, parseMessage } from '../../support/wire-types.js';

/** What a plain loop does not come back from: everything else is for now. */
export const PERMANENT_CODES: readonly number[] = [1008, 4401, 4403];

export interface StockOptions {
  url: string;
  key: string;
  /** More of the query, or of `auth`. */
  query?: Record<string, string>;
}

/** One connection: the mode of its first sync, the reason of its Goodbye, and how it ended, where the client is told. */
export type Visit = string[];

/** What a stock client was told, over all of its connections; each is checked to the letter of the protocol. */
export class Follower {
  checker = new SyncChecker();
  readonly visits: Visit[] = [];
  readonly goodbyes: Goodbye[] = [];
  /** What a refusal said. */
  readonly errors: string[] = [];
  readonly faults: string[] = [];
  /** Connections that never came to be. */
  failures = 0;
  /** Called when each message has been checked. */
  onChecked: (message: Message) => void = () => undefined;
  /** Change sets of the connections before the present one. */
  private appliedBefore = 0;
  isAway: () => boolean = () => false;
  /** Sends what is no request, over a socket. */
  babble: () => void = () => undefined;
  close: () => void = () => undefined;

  constructor(readonly name: string) {}

  get cursor(): string {
    return this.checker.cursor;
  }

  get modes(): string[] {
    return this.visits.flat().filter((word) => word === 'full' || word === 'delta');
  }

  /** How many change sets it was sent, outside of full syncs. */
  get applied(): number {
    return this.appliedBefore + this.checker.applied.length;
  }

  /** Its visits, but for those in which it was only told to come back later. */
  get served(): Visit[] {
    return this.visits.filter(([first]) => first === 'full' || first === 'delta');
  }

  note(word: string): void {
    this.visits.at(-1)?.push(word);
  }

  reconnected(): void {
    this.visits.push([]);
    this.faults.push(...this.checker.violations);
    this.appliedBefore = this.applied;
    const { cursor, state } = this.checker;
    this.checker = cursor === 'none' ? new SyncChecker() : new SyncChecker({ cursor, state });
  }

  receive(text: string, id?: string): void {
    const message = parseMessage(text, id);
    this.checker.receive(message);
    if (message.type === 'SyncStarted') this.note(message.data.mode);
    if (message.type === 'Goodbye') {
      this.note(message.data.reason);
      this.goodbyes.push(message.data);
    }
    if (message.type === 'Error') this.errors.push(message.data.code);
    this.onChecked(message);
  }

  allFaults(): string[] {
    return [...this.faults, ...this.checker.violations];
  }
}

function streamOf({ url, key, query }: StockOptions): Follower {
  const follower = new Follower('eventsource');
  const source = new EventSource(`${url}/sdk/stream?${new URLSearchParams({ ...query, key }).toString()}`);
  source.onopen = () => follower.reconnected();
  source.onmessage = ({ data, lastEventId }) => follower.receive(String(data), lastEventId);
  source.onerror = ({ code }) => code !== undefined && follower.errors.push(String(code));
  follower.isAway = () => source.readyState === source.CLOSED;
  follower.close = () => source.close();
  return follower;
}

function socketIoOf({ url, key, query }: StockOptions): Follower {
  const follower = new Follower('socket.io-client');
  const socket = io(`${url}/sdk`, {
    transports: ['websocket'],
    forceNew: true,
    auth: (give) => give({ ...query, key, last_event_id: follower.cursor }),
  });
  socket.on('connect', () => follower.reconnected());
  socket.on('message', (message) => follower.receive(JSON.stringify(message)));
  socket.on('disconnect', (reason) => follower.note(reason));
  socket.on('connect_error', (error) => {
    const { data } = error as { data?: { code?: string } };
    if (data?.code !== undefined) follower.errors.push(data.code);
    else follower.failures += 1;
  });
  follower.isAway = () => !socket.active;
  follower.babble = () => void socket.emit('Babble');
  follower.close = () => socket.disconnect();
  return follower;
}

/** `ws` does not come back by itself: the loop around it is all that a client needs. */
function plainOf({ url, key, query }: StockOptions): Follower {
  const follower = new Follower('ws');
  let socket: WebSocket | undefined;
  let isOver = false;
  const connect = () => {
    if (isOver) return;
    const present = new URLSearchParams({ ...query, key, last_event_id: follower.cursor });
    socket = new WebSocket(`${url.replace('http', 'ws')}/sdk/ws?${present.toString()}`);
    let isOpen = false;
    socket.on('error', () => undefined);
    socket.on('open', () => {
      isOpen = true;
      follower.reconnected();
    });
    socket.on('message', (data) => follower.receive((data as Buffer).toString()));
    socket.on('close', (code) => {
      if (isOpen) follower.note(String(code));
      else follower.failures += 1;
      if (PERMANENT_CODES.includes(code)) isOver = true;
      else setTimeout(connect, 100);
    });
  };
  connect();
  follower.isAway = () => isOver;
  follower.babble = () => socket?.send('{');
  follower.close = () => {
    isOver = true;
    socket?.terminate();
  };
  return follower;
}

export function stockClients(options: StockOptions): Follower[] {
  return [streamOf(options), socketIoOf(options), plainOf(options)];
}
