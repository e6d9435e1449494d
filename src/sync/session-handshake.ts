import { type Request, type Response } from 'express';
import { Observable } from 'rxjs';
import { SseOutlet } from './sse-outlet.js';
import { type SyncFigures } from './sync-figures.js';

/** A stream whose headers are out: what sends its first words, and what lets go of it when the client has left. */
export interface OpenedStream {
  begin: () => void;
  close: () => void;
}

export type OpenStream = (outlet: SseOutlet) => OpenedStream;

/**
 * Nest owns the handshake: guards, headers, the notice that the client has gone. Its Observable emits nothing, since
 * Nest would format each message for each client and give those without an id a made-up one; the session writes shared
 * frames to the response instead.
 */
export function eventStream(request: Request, figures: SyncFigures, open: OpenStream): Observable<never> {
  return new Observable((subscriber) => {
    const response = responseOf(request);
    const outlet = new SseOutlet(request, response, (reason) => {
      figures.noteEnd(reason);
      subscriber.complete();
    });
    let close: () => void = () => undefined;
    const stopWaiting = whenHeadersAreOut(response, () => {
      const stream = open(outlet);
      close = stream.close;
      stream.begin();
    });
    return () => {
      stopWaiting();
      close();
    };
  });
}

function responseOf(request: Request): Response {
  if (request.res === undefined) throw new TypeError('A request without its response');
  return request.res;
}

/** Nest sends the headers in a later turn than it subscribes. @returns what stops the waiting. */
function whenHeadersAreOut(response: Response, then: () => void): () => void {
  let pending: NodeJS.Immediate | null = null;
  const look = () => {
    if (response.headersSent) then();
    else pending = setImmediate(look);
  };
  pending = setImmediate(look);
  return () => {
    if (pending !== null) clearImmediate(pending);
  };
}
