import { type ConnectionsAnswer, type PropagationAnswer } from '@flagwire/protocol/admin';
import { type AdminClient } from './admin-client.js';
import { parseCursor } from './cursor.js';
import { httpRequest } from './http-request.js';
import { EtagPoller } from './poll-client.js';
import { type SocketProbe } from './socket-probe.js';
import { SocketIoProbe } from './socket-io-client.js';
import { SseProbe } from './sse-client.js';
import { type SyncProbe } from './sync-probe.js';
import { WebSocketProbe } from './web-socket-client.js';

const BASE = '/api/projects/default/environments/production';

export async function propagation(admin: AdminClient, revision: number | string): Promise<PropagationAnswer> {
  return (await admin.call('GET', `${BASE}/changes/${revision}/propagation`)).body as PropagationAnswer;
}

export async function connections(admin: AdminClient): Promise<ConnectionsAnswer> {
  return (await admin.call('GET', `${BASE}/connections`)).body as ConnectionsAnswer;
}

/** Unix milliseconds with fractions. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

/** A client that notes when it had what, and acknowledges as often as it is told to. */
export abstract class Witness {
  /** Unix milliseconds, by revision. */
  readonly had = new Map<number, number>();

  abstract get revision(): number;
  abstract close(): Promise<unknown>;

  /** To be called often. */
  look(): void {
    for (let next = this.revision; next >= 0 && !this.had.has(next); next -= 1) this.had.set(next, wallClock());
  }
}

export interface WitnessOptions {
  url: string;
  key: string;
  /** As it names itself. */
  client?: string;
  flags?: string[];
  /** Where a stream acknowledges; null: it does not. Sockets do it on their own connection. Default: where it is connected. */
  acknowledgesAt?: string | null;
}

export type StreamKind = 'sse' | 'websocket' | 'socket.io';

export class StreamWitness extends Witness {
  /** Acknowledges no more, as a client that hangs. */
  isStuck = false;
  private acknowledged = 'none';
  private dueAt: number | null = null;

  private constructor(
    readonly probe: SyncProbe,
    private readonly options: WitnessOptions,
  ) {
    super();
  }

  static async connect(kind: StreamKind, options: WitnessOptions): Promise<StreamWitness> {
    const { url, key, client, flags } = options;
    const request = { url, key, ...(client && { headers: { 'Flagwire-Client': client } }), ...(flags && { flags }) };
    const probes = { sse: SseProbe, websocket: WebSocketProbe, 'socket.io': SocketIoProbe };
    const probe: SyncProbe = await probes[kind].connect(request);
    await probe.waitForSync(20_000);
    return new StreamWitness(probe, options);
  }

  get revision(): number {
    return parseCursor(this.probe.checker.cursor)?.revision ?? -1;
  }

  get cursor(): string {
    return this.probe.checker.cursor;
  }

  get connectionId(): string {
    return this.started.connection_id;
  }

  override look(): void {
    super.look();
    if (this.isStuck || this.options.acknowledgesAt === null || this.cursor === this.acknowledged) return;
    // As a client does: at some moment within the time that it was given.
    this.dueAt ??= wallClock() + Math.random() * this.started.ack_every_ms;
    if (wallClock() < this.dueAt) return;
    this.dueAt = null;
    this.acknowledge(this.cursor, Math.round(wallClock() - (this.had.get(this.revision) ?? wallClock())));
  }

  acknowledge(id: string, waited_ms: number): void {
    this.acknowledged = id;
    if (!(this.probe instanceof SseProbe)) return (this.probe as SocketProbe).send('Ack', { id, waited_ms });
    const { url, key, acknowledgesAt } = this.options;
    void postAck(acknowledgesAt ?? url, key, { connection_id: this.connectionId, id, waited_ms }).catch(() => undefined);
  }

  close(): Promise<unknown> {
    return this.probe.close();
  }

  private get started(): { connection_id: string; ack_every_ms: number } {
    const { data } = this.probe.messages.find(({ type }) => type === 'SyncStarted') as { data: object };
    return data as { connection_id: string; ack_every_ms: number };
  }
}

/** Polls with a tag, for as long as the server lets it wait. */
export class PollWitness extends Witness {
  private closed = false;
  private readonly poller: EtagPoller;
  private readonly running: Promise<void>;

  constructor({ url, key, client }: WitnessOptions, instance: string) {
    super();
    const headers = client === undefined ? {} : { headers: { 'Flagwire-Client': client } };
    this.poller = new EtagPoller({ url, key, query: { instance }, ...headers });
    this.running = this.run();
  }

  get revision(): number {
    return parseCursor(this.poller.cursor)?.revision ?? -1;
  }

  close(): Promise<unknown> {
    this.closed = true;
    return this.running;
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      await this.poller.poll({ wait: 1 }).catch(() => new Promise((resolve) => setTimeout(resolve, 200)));
      this.look();
    }
  }
}

export async function postAck(url: string, key: string | null, body: object): Promise<number> {
  const answer = await httpRequest(new URL('/sdk/ack', url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key !== null && { Authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
  });
  return answer.status;
}
