import { type Request, type Response } from 'express';
import { ChunkFrame } from './sse-form.js';
import { SseOutlet } from './sse-outlet.js';
import { type SyncFigures } from './sync-figures.js';

/** Proxies and caches let an event stream through as it is, and at once; `X-Accel-Buffering` is nginx's. */
const HEAD = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  'X-Accel-Buffering': 'no',
};

/** Some proxies hold a head back until there is something of a body, and a session may have to be decided first. */
const BLANK_LINE = ChunkFrame.of('\n');

/** A stream that has a session: what sends its first words, and what lets go of it when the client has left; that may come twice. */
export interface OpenedStream {
  begin: () => void;
  close: () => void;
}

export type OpenStream = (outlet: SseOutlet) => OpenedStream;

/** Answers with an event stream, which stays open: head and first words leave together, and the session writes on. */
export function eventStream(request: Request, response: Response, figures: SyncFigures, open: OpenStream): void {
  // The client may have left while its key was checked.
  if (request.socket.destroyed) return;
  if (request.method === 'HEAD') return void response.writeHead(200, HEAD).end();
  const outlet = new SseOutlet(request, response, (reason) => {
    figures.noteEnd(reason);
    response.end();
    stream.close();
  });
  const stream = open(outlet);
  whenGone(request, response, stream.close);
  response.writeHead(200, HEAD);
  outlet.gather(() => {
    response.flushHeaders();
    outlet.send(BLANK_LINE);
    stream.begin();
  });
}

/** Node tells of the end of a connection only the response whose turn it is: one that waits behind another asks the socket. */
function whenGone({ socket }: Request, response: Response, close: () => void): void {
  response.once('close', close);
  if (response.socket !== null) return;
  // As many as the client pipelines.
  socket.setMaxListeners(0).once('close', close);
  response.once('close', () => socket.off('close', close));
}
