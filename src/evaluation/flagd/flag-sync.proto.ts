import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';
import { type FlagSetMetadata } from './flagd-document.js';

/**
 * flagd.sync.v1 (https://github.com/open-feature/flagd-schemas, sync.proto) in the JSON form of protobufjs: the build copies no files.
 * Of `google.protobuf.Struct`, which is flat here, the texts alone.
 */
const PROTO = {
  nested: {
    google: {
      nested: {
        protobuf: {
          nested: {
            Struct: { fields: { fields: { keyType: 'string', type: 'Value', id: 1 } } },
            Value: { fields: { stringValue: { type: 'string', id: 3 } } },
          },
        },
      },
    },
    flagd: {
      nested: {
        sync: {
          nested: {
            v1: {
              nested: {
                FlagSyncService: {
                  methods: {
                    SyncFlags: {
                      requestType: 'SyncFlagsRequest',
                      responseType: 'SyncFlagsResponse',
                      responseStream: true,
                      comment: 'The document now, and after each change.',
                    },
                    FetchAllFlags: {
                      requestType: 'FetchAllFlagsRequest',
                      responseType: 'FetchAllFlagsResponse',
                      comment: 'The document now.',
                    },
                    GetMetadata: {
                      requestType: 'GetMetadataRequest',
                      responseType: 'GetMetadataResponse',
                      comment: 'What the document says of itself.',
                    },
                  },
                },
                SyncFlagsRequest: { fields: { providerId: { type: 'string', id: 1 }, selector: { type: 'string', id: 2 } } },
                SyncFlagsResponse: {
                  fields: {
                    flagConfiguration: { type: 'string', id: 1 },
                    syncContext: { type: 'google.protobuf.Struct', id: 2 },
                  },
                },
                FetchAllFlagsRequest: { fields: { providerId: { type: 'string', id: 1 }, selector: { type: 'string', id: 2 } } },
                FetchAllFlagsResponse: { fields: { flagConfiguration: { type: 'string', id: 1 } } },
                GetMetadataRequest: { fields: {} },
                GetMetadataResponse: { fields: { metadata: { type: 'google.protobuf.Struct', id: 2 } } },
              },
            },
          },
        },
      },
    },
  },
};

/** What a client asks with; `GetMetadata` has no selector. */
export interface FlagSyncRequest {
  readonly providerId?: string;
  readonly selector?: string;
}

type Methods = Record<'SyncFlags' | 'FetchAllFlags' | 'GetMetadata', MethodDefinition<object, object>>;

const { SyncFlags, FetchAllFlags, GetMetadata } = fromJSON(PROTO)['flagd.sync.v1.FlagSyncService'] as unknown as Methods;

/**
 * The service as the server registers it. On the wire a unary answer is a stream of one message: `FetchAllFlags` is answered as one,
 * so that both hand out the same bytes.
 */
export const FLAG_SYNC_SERVICE = { SyncFlags, FetchAllFlags: { ...FetchAllFlags, responseStream: true }, GetMetadata };

/**
 * A message with its prefix, as it goes over the wire (gRPC over HTTP/2, "Length-Prefixed-Message"), not compressed. Both answers that
 * hold a document look the same.
 */
export function documentMessage(flagConfiguration: string): Buffer {
  const message = SyncFlags.responseSerialize({ flagConfiguration });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The answer to `GetMetadata`. */
export function metadataAnswer(metadata: FlagSetMetadata): object {
  const fields = Object.entries(metadata).map(([name, text]) => [name, { stringValue: text as string }]);
  return { metadata: { fields: Object.fromEntries(fields) as object } };
}
