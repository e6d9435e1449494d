import {
  type Metadata,
  type ServerInterceptor,
  type ServerInterceptingCallInterface,
  ServerInterceptingCall,
  status,
} from '@grpc/grpc-js';
import { type ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

/**
 * The HTTP/2 stream under each call, which @grpc/grpc-js keeps to itself: its own way to send copies each message for each reader, and
 * it cannot end a call whose reader takes nothing. See docs/adr/0106-documents-are-written-past-grpc-js.md.
 */
export class Http2Streams {
  private readonly streams = new WeakMap<Metadata, ServerHttp2Stream>();

  /** @param requestMs a request that has not come whole by then is refused. */
  constructor(private readonly requestMs: number) {}

  /** Of the call that came with these metadata. */
  of(metadata: Metadata): ServerHttp2Stream {
    const stream = this.streams.get(metadata);
    if (stream === undefined) throw new TypeError('A call that did not come through the interceptor');
    return stream;
  }

  /** For the server: notes the stream of each call, and does not wait for a request for ever. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    const stream = streamUnder(call);
    // grpc-js listens once; what comes later is of no use to anybody, but would end the process.
    stream.on('error', () => undefined);
    const patience = setTimeout(() => {
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'The request did not come in time.' });
    }, this.requestMs);
    stream.once('close', () => clearTimeout(patience));
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            this.streams.set(metadata, stream);
            pass(metadata);
          },
          onReceiveHalfClose: (pass) => {
            clearTimeout(patience);
            pass();
          },
        }),
    });
  };
}

function streamUnder(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  const { stream } = call as unknown as { stream?: unknown };
  if (!(stream instanceof Duplex)) throw new TypeError('This version of @grpc/grpc-js has its HTTP/2 stream elsewhere');
  return stream as ServerHttp2Stream;
}
