import { Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { type CallOutlet } from './document-stream.js';
import { type FlagSyncRequest } from './flag-sync.proto.js';
import { type CallEnd } from './grpc-status.js';

export type DocumentCall = ServerWritableStream<FlagSyncRequest, unknown>;

/** The way in which grpc-js ends a call with a status, after what has been written. */
export function endCall(call: DocumentCall, end: CallEnd): void {
  if (end.code === status.OK) call.end();
  else call.emit('error', end);
}

/** Writes to the HTTP/2 stream under a call: see docs/adr/0106-documents-are-written-past-grpc-js.md. */
export class GrpcOutlet implements CallOutlet {
  sent = 0;

  constructor(
    private readonly call: DocumentCall,
    private readonly stream: ServerHttp2Stream,
  ) {}

  write(bytes: Buffer, taken: () => void): void {
    const { call, stream } = this;
    if (stream.destroyed || stream.writableEnded) return;
    if (!stream.headersSent) call.sendMetadata(new Metadata());
    this.sent += bytes.length;
    stream.write(bytes, (error) => {
      // Without it, the stream is about to close.
      if (error === null || error === undefined) taken();
    });
  }

  end(end: CallEnd): void {
    endCall(this.call, end);
  }

  cut(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
  }
}
