import { type Request, type Response } from 'express';
import { Observable } from 'rxjs';
import { SseOutlet } from './sse-outlet.js';
import { type SyncFigures } from './sync-figures.js';

/** A stream that has a session: what sends its first words, and what lets go of it when the client has left; that may come twice. */
export interface OpenedStream {
  begin: () => void;
  close: () => void;
}

export type OpenStream = (outlet: SseOutlet) => OpenedStream;

/** A stream on a response that has no head yet. Head and first words leave together. @param writeHead writes it, at once. */
export function beginStream(
  request: Request,
  response: Response,
  figures: SyncFigures,
  { open, writeHead }: { open: OpenStream; writeHead: () => void },
): void {
  const outlet = new SseOutlet(request, response, (reason) => {
    figures.noteEnd(reason);
    response.end();
    stream.close();
  });
  const stream = open(outlet);
  whenGone(request, response, stream.close);
  try {
    outlet.gather(() => {
      writeHead();
      stream.begin();
    });
  } catch (error) {
    stream.close();
    throw error;
  }
}

/**
 * Nest owns the handshake: guards, refusals, the head. Its Observable is empty, since Nest would format each message for each client and
 * give those without an id a made-up one. What Nest pipes into the response would end it: it is taken off, so that the response is the
 * session's, and nothing of Nest stays with a connection.
 * @param onHead called when the head is written.
 */
export function eventStream(
  request: Request,
  figures: SyncFigures,
  open: OpenStream,
  onHead: () => void = () => undefined,
): Observable<never> {
  const response = responseOf(request);
  response.once('pipe', (nothing) => nothing.unpipe(response));
  return new Observable((subscriber) => {
    if (request.method === 'HEAD') {
      subscriber.complete();
      response.end();
      return;
    }
    const writeHead = () => {
      // Nest writes the head.
      subscriber.complete();
      onHead();
    };
    beginStream(request, response, figures, { open, writeHead });
  });
}

export function responseOf(request: Request): Response {
  if (request.res === undefined) throw new TypeError('A request without its response');
  return request.res;
}

/** Node tells of the end of a connection only the response whose turn it is: one that waits behind another asks the socket. */
function whenGone({ socket }: Request, response: Response, close: () => void): void {
  response.once('close', close);
  if (response.socket !== null) return;
  // As many as the client pipelines.
  socket.setMaxListeners(0).once('close', close);
  response.once('close', () => socket.off('close', close));
}
