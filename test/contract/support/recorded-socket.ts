import { once } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { eventually, within } from '../../support/wait.js';
import { PATIENCE_MS } from './subscriber.js';
import { type Transcript } from './transcript.js';

/** One WebSocket of a recording, each text message a line. */
export class RecordedSocket {
  private readonly texts: string[] = [];
  private readonly closing: Promise<unknown[]>;

  private constructor(
    private readonly socket: WebSocket,
    private readonly transcript: Transcript,
  ) {
    this.closing = once(socket, 'close');
    socket.on('message', (data: Buffer) => this.texts.push(data.toString()));
  }

  /** @param onHead is given the answer to the upgrade, before any message. */
  static async open(
    url: URL,
    headers: Record<string, string>,
    transcript: Transcript,
    onHead: (answer: IncomingMessage) => void,
  ): Promise<RecordedSocket> {
    const socket = new WebSocket(url, { headers });
    socket.once('upgrade', onHead);
    const recorded = new RecordedSocket(socket, transcript);
    await within(once(socket, 'open'), PATIENCE_MS, 'the opening of a socket');
    return recorded;
  }

  /** Sends a message and writes it down. */
  send(text: string): void {
    this.transcript.client(text);
    this.socket.send(text);
  }

  /** Writes down what the server has sent since the last time, once the last of it has this in it. */
  async until(part: string): Promise<void> {
    const isThere = () => this.texts.some((text) => text.includes(part));
    await eventually(isThere, { timeoutMs: PATIENCE_MS, what: `a message with ${part}` }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.texts.join('\n')}`, { cause: error });
    });
    const count = this.texts.findIndex((text) => text.includes(part)) + 1;
    for (const text of this.texts.splice(0, count)) this.transcript.server(text);
  }

  /** Waits for the end; the close code. */
  async ended(): Promise<number> {
    const [code] = await within(this.closing, PATIENCE_MS, 'the end of a socket');
    for (const text of this.texts.splice(0)) this.transcript.server(text);
    return code as number;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closing;
  }
}
