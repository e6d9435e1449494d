import { type sendUnaryData, type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Injectable, Logger } from '@nestjs/common';
import { type ServerHttp2Stream } from 'node:http2';
import { replicaNotBehind } from '../../changes/not-behind.js';
import { ChangeFeed } from '../../changes/change-feed.js';
import { type EnvironmentReplica } from '../../changes/environment-replica.js';
import { DomainError, Forbidden } from '../../common/errors.js';
import { Refusals } from '../../common/refusals.js';
import { type FlagSyncRequest, metadataAnswer } from './flag-sync.proto.js';
import { flagSetMetadata } from './flagd-document.js';
import { type Admitted, FlagdGate } from './flagd-gate.js';
import { FlagdStreams } from './flagd-streams.js';
import { type DocumentCall, endCall, GrpcOutlet } from './grpc-outlet.js';
import { type CallEnd, callEndOf } from './grpc-status.js';
import { type Http2Streams } from './http2-streams.js';

/** `flagd.sync.v1.FlagSyncService`. */
@Injectable()
export class FlagSyncService {
  private readonly logger = new Logger('FlagSync');

  constructor(
    private readonly gate: FlagdGate,
    private readonly streams: FlagdStreams,
    private readonly feed: ChangeFeed,
    private readonly refusals: Refusals,
  ) {}

  /** What a server registers. @param http2 has the stream of each of its calls. */
  implementation(http2: Http2Streams): UntypedServiceImplementation {
    return {
      SyncFlags: (call: DocumentCall) => void this.answer(call, http2.of(call.metadata), true),
      FetchAllFlags: (call: DocumentCall) => void this.answer(call, http2.of(call.metadata), false),
      GetMetadata: (call: ServerUnaryCall<FlagSyncRequest, object>, callback: sendUnaryData<object>) => {
        this.describe(call, http2.of(call.metadata)).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(this.refuse(error)),
        );
      },
    };
  }

  /** The document, and where `follows` the newest one after each change until the call ends. */
  private async answer(call: DocumentCall, stream: ServerHttp2Stream, follows: boolean): Promise<void> {
    try {
      const { admitted, replica } = await this.admit(call, stream, call.request.selector);
      if (stream.destroyed || stream.closed) return;
      const leave = this.streams.join(admitted, new GrpcOutlet(call, stream), replica, follows);
      stream.once('close', leave);
    } catch (error) {
      endCall(call, this.refuse(error));
    }
  }

  private async describe({ metadata }: ServerUnaryCall<FlagSyncRequest, object>, stream: ServerHttp2Stream): Promise<object> {
    const { replica } = await this.admit({ metadata }, stream, undefined);
    return metadataAnswer(flagSetMetadata(replica));
  }

  private async admit(
    { metadata }: Pick<DocumentCall, 'metadata'>,
    { session }: ServerHttp2Stream,
    selector: string | undefined,
  ): Promise<{ admitted: Admitted; replica: EnvironmentReplica }> {
    const admitted = await this.gate.admit({ metadata, selector, peer: session?.socket.remoteAddress ?? '' });
    const replica = await replicaNotBehind(this.feed, admitted.environmentId, []);
    const { flagSetId } = flagSetMetadata(replica);
    if (admitted.flagSetId !== undefined && admitted.flagSetId !== flagSetId)
      throw new Forbidden('wrong_environment', 'The key belongs to another environment than flagSetId names. Leave that out.');
    return { admitted, replica };
  }

  private refuse(error: unknown): CallEnd {
    if (error instanceof DomainError) this.refusals.note(error);
    else this.logger.error(error);
    return callEndOf(error);
  }
}
