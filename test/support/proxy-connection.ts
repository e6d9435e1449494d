import { connect, type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

export interface LanePolicy {
  held: boolean;
  delayMs: number;
  bytesPerSecond: number;
  /** Each byte is written by itself, in a turn of its own. */
  sliced: boolean;
  /** Each piece is passed on twice. */
  doubled: boolean;
  drops: (connection: ProxyConnection) => boolean;
}

/** So much of what a client says is kept for `clientText`. */
const SNIFF_BOUND = 256 * 1024;
/** A held or slow lane stops reading here, so that TCP tells the sender. */
const QUEUE_BOUND = 1024 * 1024;
/** A throttled lane writes pieces of a tenth of a second. */
const THROTTLED_WRITES = 10;

/** One direction of one connection: what comes in waits in a queue until the rules let it out. */
export class Lane {
  /** Holds this lane, whatever the proxy's rules are; `pump()` after a change. */
  held = false;
  passed = 0;
  dropped = 0;
  /** So many bytes may still pass; with the last of them `on.cut` is called. */
  left = Infinity;
  readonly #queue: { bytes: Buffer; due: number }[] = [];
  #queued = 0;
  #ended = false;
  #nextWrite = 0;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly policy: LanePolicy,
    private readonly drops: () => boolean,
    private readonly on: { readonly data: (bytes: Buffer) => void; readonly cut: () => void },
  ) {
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.once('end', () => {
      this.#ended = true;
      this.pump();
    });
    to.on('drain', () => this.pump());
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    this.pump();
  }

  /** Bytes that wait here now. */
  get waiting(): number {
    return this.#queued;
  }

  /** Writes what may leave now and comes back when more may. */
  pump(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    while (!this.held && !this.policy.held && !this.to.writableNeedDrain && !this.to.destroyed) {
      const head = this.#queue[0];
      if (head === undefined) break;
      const now = performance.now();
      const at = Math.max(head.due, this.policy.bytesPerSecond === Infinity ? 0 : this.#nextWrite);
      if (at > now) {
        this.#timer = setTimeout(() => this.pump(), Math.ceil(at - now));
        break;
      }
      this.#write(head, now);
      if (this.left <= 0) return this.on.cut();
      if (!this.policy.sliced) continue;
      this.#turn = setImmediate(() => this.pump());
      break;
    }
    if (this.#queued > QUEUE_BOUND) this.from.pause();
    else this.from.resume();
    if (this.#ended && this.#queue.length === 0 && !this.to.writableEnded) this.to.end();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#queue.length = 0;
  }

  #take(bytes: Buffer): void {
    this.on.data(bytes);
    if (this.drops()) {
      this.dropped += bytes.length;
      return;
    }
    for (let times = this.policy.doubled ? 2 : 1; times > 0; times -= 1) {
      this.#queue.push({ bytes, due: performance.now() + this.policy.delayMs });
      this.#queued += bytes.length;
    }
    this.pump();
  }

  #write(head: { bytes: Buffer }, now: number): void {
    const { bytesPerSecond: rate, sliced } = this.policy;
    const most = rate === Infinity ? head.bytes.length : Math.max(1, Math.floor(rate / THROTTLED_WRITES));
    const piece = head.bytes.subarray(0, Math.min(sliced ? 1 : most, this.left));
    this.left -= piece.length;
    head.bytes = head.bytes.subarray(piece.length);
    if (head.bytes.length === 0) this.#queue.shift();
    this.#queued -= piece.length;
    this.#nextWrite = now + (piece.length / rate) * 1000;
    this.passed += piece.length;
    this.to.write(piece);
  }
}

/** One connection through the proxy: the client's socket and ours to the server. */
export class ProxyConnection {
  readonly toServer: Lane;
  readonly toClient: Lane;
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  readonly #sockets: [client: Socket, server: Socket];
  #heard: Buffer = Buffer.alloc(0);
  #isHalfOpen = false;
  #isResetInside = false;

  constructor(
    /** Counted from 1 for each proxy. */
    readonly number: number,
    client: Socket,
    upstream: { host: string; port: number },
    policies: Record<Direction, LanePolicy>,
  ) {
    const server = connect({ ...upstream, allowHalfOpen: true, noDelay: true });
    this.#sockets = [client, server];
    const { toServer, toClient } = policies;
    const drops = (policy: LanePolicy) => () => this.#isHalfOpen || policy.drops(this);
    const cut = (): void => this.#end();
    this.toServer = new Lane(client, server, toServer, drops(toServer), { data: (bytes) => this.#hear(bytes), cut });
    this.toClient = new Lane(server, client, toClient, drops(toClient), { data: () => undefined, cut });
    const closing = this.#sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          socket.on('error', () => this.reset()); // a reset of one side is passed on as one
        }),
    );
    this.closed = Promise.all(closing).then(() => undefined);
  }

  /** What the client has sent so far, as Latin-1 (its first 256 KiB), such as a `LISTEN` of PostgreSQL. */
  get clientText(): string {
    return this.#heard.toString('latin1');
  }

  /** Ends both sides by RST; what waits is lost. */
  reset(): void {
    this.toServer.stop();
    this.toClient.stop();
    for (const socket of this.#sockets.filter(({ destroyed }) => !destroyed)) {
      // While a socket is being shut down the kernel refuses to reset it, and Node then never says that it is closed.
      if (!socket.writableEnded) socket.resetAndDestroy();
      // The reset alone waits until what was written has left, which may never be.
      socket.destroy();
    }
  }

  /** Nothing passes any more, in either direction, and neither side is told: a cable that is gone. Stays so until an end closes. */
  leaveHalfOpen(): void {
    this.#isHalfOpen = true;
  }

  /** So many bytes still go to the client; then both sides see an orderly end, wherever in a message that is. */
  truncateAfter(bytes: number): void {
    this.toClient.left = bytes;
    if (bytes <= 0) this.#end();
  }

  /** The same, but the end is a reset. */
  resetAfter(bytes: number): void {
    this.#isResetInside = true;
    this.truncateAfter(bytes);
  }

  #end(): void {
    if (this.#isResetInside) return this.reset();
    this.toServer.stop();
    this.toClient.stop();
    for (const socket of this.#sockets) socket.end();
    // What else comes is read, and goes nowhere.
    this.#isHalfOpen = true;
  }

  #hear(bytes: Buffer): void {
    const room = SNIFF_BOUND - this.#heard.length;
    if (room > 0) this.#heard = Buffer.concat([this.#heard, bytes.subarray(0, room)]);
  }
}
