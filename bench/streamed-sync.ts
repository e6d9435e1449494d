import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

const END = '"SyncComplete"';

export interface StreamedSync {
  /** What the stream says until the end of its first sync. */
  body: Buffer;
  /** The same on the wire, with the head and the framing. */
  bytes: number;
  /** Of its last message. */
  cursor: string;
}

/** The first sync of a stream, which is then closed. @param cursor to resume from; null: none. */
export async function streamedSync(port: number, path: string, cursor: string | null = null): Promise<StreamedSync> {
  const headers = { Accept: 'text/event-stream', ...(cursor === null ? {} : { 'Last-Event-ID': cursor }) };
  const request = get({ host: '127.0.0.1', port, path, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${path} was answered ${response.statusCode}`);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if (chunk.includes(END)) break;
  }
  const { bytesRead } = response.socket;
  request.destroy();
  const body = Buffer.concat(chunks);
  const last = /id: (\S+)\n.*\n\n$/.exec(body.toString('latin1', body.length - 300))?.[1];
  if (last === undefined) throw new Error(`A sync ended with ${body.toString('latin1', body.length - 300)}`);
  return { body, bytes: bytesRead, cursor: last };
}
