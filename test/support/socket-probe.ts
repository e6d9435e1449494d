import { type SdkRequest } from './credentials.js';
import { watchRefusal } from './known-secrets.js';
import { type CheckerOptions } from './sync-checker.js';
import { SyncProbe } from './sync-probe.js';
import { type Message } from './wire-types.js';

export interface SocketOptions extends SdkRequest, Pick<CheckerOptions, 'state' | 'mayGoBack'> {
  /** What is presented at the start. */
  cursor?: string;
  /** For the handshake; default 10000. */
  timeoutMs?: number;
}

/** A socket that was not opened. */
export class SocketRefused extends Error {
  override readonly name = 'SocketRefused';

  /** @param code of the problem document or of `connect_error`. */
  constructor(
    readonly code: string,
    /** Of the HTTP answer; 0 where there is none. */
    readonly status = 0,
    /** The whole refusal, as it came. */
    readonly text = '',
  ) {
    super(`the socket was refused with ${code} (status ${status})`);
  }
}

let drawn = 0;

/** What a test can ask of one socket, plain or Socket.IO. */
export abstract class SocketProbe extends SyncProbe {
  /** What the checker has to learn before the first message of an answer. */
  readonly #lessons = new Map<string, (answer: Message) => void>();

  /** Sends one request, whatever its fields. */
  abstract send(type: string, fields?: object): void;

  /** A new connection that goes on where this one stands, with its state. */
  abstract reconnect(changes?: Partial<SocketOptions>): Promise<SocketProbe>;

  /** Sends a request; the first message of its answer. @throws as `waitFor`. */
  ask(type: string, fields: object = {}): Promise<Message> {
    const request_id = this.#draw();
    this.send(type, { ...fields, request_id });
    return this.#answerTo(request_id);
  }

  /** Replaces the filter (undefined: all); the `SyncStarted` of its sync, or the `Error`. */
  subscribe(flags?: readonly string[]): Promise<Message> {
    const request_id = this.#draw();
    this.#lessons.set(request_id, (answer) => {
      if (answer.type !== 'Error') this.checker.subscribed(flags);
    });
    this.send('Subscribe', { ...(flags && { flags }), request_id });
    return this.#answerTo(request_id);
  }

  /** No answer says that it was done: the `Pong` of a `Ping` behind it does. */
  unsubscribe(): Promise<Message> {
    const request_id = this.#draw();
    this.#lessons.set(request_id, () => this.checker.unsubscribed());
    this.send('Unsubscribe');
    this.send('Ping', { request_id });
    return this.#answerTo(request_id);
  }

  protected override receive(message: Message): void {
    const { request_id = '' } = message;
    if (message.type === 'Error') watchRefusal('an Error frame', JSON.stringify(message));
    this.#lessons.get(request_id)?.(message);
    this.#lessons.delete(request_id);
    super.receive(message);
  }

  #draw(): string {
    drawn += 1;
    return `request-${drawn}`;
  }

  #answerTo(requestId: string): Promise<Message> {
    return this.waitFor(({ request_id }) => request_id === requestId);
  }
}
