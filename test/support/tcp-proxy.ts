import { createServer, type Server } from 'node:net';
import { freePort } from './free-port.js';
import { ProxyConnection, type Direction, type Lane, type LanePolicy } from './proxy-connection.js';

export type { Direction, ProxyConnection } from './proxy-connection.js';
export type Match = (connection: ProxyConnection) => boolean;

const everything: Match = () => true;

/** The connection on which a node waits for PostgreSQL's wake-ups; needs a connection without TLS. */
export const listensToPostgres: Match = (connection) => /\bLISTEN\b/i.test(connection.clientText);

function openPolicy(): LanePolicy {
  return { held: false, delayMs: 0, bytesPerSecond: Infinity, sliced: false, doubled: false, drops: () => false };
}

/**
 * A TCP proxy on 127.0.0.1 that can be told to misbehave. Rules hold for all connections, present and future, until
 * changed; for one connection see `ProxyConnection`.
 */
export class TcpProxy {
  /** How many connections were accepted since the start. */
  accepted = 0;
  /** Is told of each connection when it is there. */
  onAccept: (connection: ProxyConnection) => void = () => undefined;
  readonly #open = new Set<ProxyConnection>();
  readonly #policies = { toServer: openPolicy(), toClient: openPolicy() };
  #server: Server | undefined;

  #upstream: { host: string; port: number };

  private constructor(
    readonly port: number,
    upstream: { host: string; port: number },
  ) {
    this.#upstream = upstream;
  }

  /** @param upstream a port on 127.0.0.1, or a URL with host and port (of an HTTP server or a database). */
  static async start(upstream: number | string): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), goalOf(upstream));
    await proxy.accept();
    return proxy;
  }

  /** From now on connections lead there; open ones stay. */
  leadTo(upstream: number | string): void {
    this.#upstream = goalOf(upstream);
  }

  /** The same URL through this proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String(this.port);
    return changed.href;
  }

  /** The connections open now, in the order of their start. */
  get connections(): ProxyConnection[] {
    return [...this.#open];
  }

  /** Bytes of a direction (default both) wait here, in order; when 1 MiB waits, their sender feels it. */
  hold(direction?: Direction): void {
    this.#change(direction, (policy) => (policy.held = true));
  }

  /** Lets go what `hold` kept back. */
  release(direction?: Direction): void {
    this.#change(direction, (policy) => (policy.held = false));
  }

  /** Every byte leaves `ms` after it came. */
  delay(ms: number, direction?: Direction): void {
    this.#change(direction, (policy) => (policy.delayMs = ms));
  }

  /** Per connection; `Infinity` takes it back. */
  throttle(bytesPerSecond: number, direction?: Direction): void {
    this.#change(direction, (policy) => (policy.bytesPerSecond = bytesPerSecond));
  }

  /** Every byte travels alone. */
  slice(sliced: boolean, direction?: Direction): void {
    this.#change(direction, (policy) => (policy.sliced = sliced));
  }

  /**
   * What the server sends on matching connections vanishes, while they stay open: a network that eats packets, or
   * wake-ups that get lost. `match` is asked for each piece of data. What was dropped is lost for good, so a stream
   * that goes on later may be broken.
   */
  dropServerBytes(match: Match = everything): void {
    this.#change('toClient', (policy) => (policy.drops = match));
  }

  /** Each piece that the server sends is passed on twice: sound where each is a whole message, such as a wake-up. */
  doubleServerBytes(doubled: boolean): void {
    this.#change('toClient', (policy) => (policy.doubled = doubled));
  }

  /** As `dropServerBytes`, for what clients send. */
  dropClientBytes(match: Match = everything): void {
    this.#change('toServer', (policy) => (policy.drops = match));
  }

  stopDropping(): void {
    this.#change(undefined, (policy) => (policy.drops = () => false));
  }

  /** Ends connections by RST on both sides. Returns how many. */
  resetAll(match: Match = everything): number {
    const chosen = this.connections.filter(match);
    for (const connection of chosen) connection.reset();
    return chosen.length;
  }

  /** New connections get ECONNREFUSED; open ones stay. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Takes new connections again, on the same port. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.accepted += 1;
      const connection = new ProxyConnection(this.accepted, client, this.#upstream, this.#policies);
      this.#open.add(connection);
      void connection.closed.then(() => this.#open.delete(connection));
      this.onAccept(connection);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** Resets all connections and stops listening. */
  async stop(): Promise<void> {
    const open = this.connections;
    this.refuse();
    this.resetAll();
    await Promise.all(open.map((connection) => connection.closed));
  }

  #change(direction: Direction | undefined, edit: (policy: LanePolicy) => void): void {
    for (const name of ['toServer', 'toClient'] as const) {
      if (direction === undefined || direction === name) edit(this.#policies[name]);
    }
    const lanes = this.connections.flatMap((connection): Lane[] => [connection.toServer, connection.toClient]);
    for (const lane of lanes) lane.pump();
  }
}

function goalOf(upstream: number | string): { host: string; port: number } {
  return typeof upstream === 'number' ? { host: '127.0.0.1', port: upstream } : hostAndPort(upstream);
}

function hostAndPort(text: string): { host: string; port: number } {
  const url = new URL(text);
  if (url.port === '') throw new RangeError(`a URL without a port: ${url.host}`);
  return { host: url.hostname, port: Number(url.port) };
}
