import { join } from 'node:path';
import {
  type CallOptions,
  type ChannelCredentials,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { watchRefusal } from './known-secrets.js';
import { projectRoot } from './project-root.js';

export interface FlagdDocument {
  metadata: { scope: string; flagSetId: string; version: string };
  flags: Record<string, { state: string; description?: string; metadata: { version: number } }>;
}

interface Answer {
  flag_configuration?: string;
  metadata?: { fields: Record<string, { stringValue?: string }> };
}

/** What a call carries. */
export interface CallExtras {
  metadata?: Record<string, string>;
  selector?: string;
  options?: CallOptions;
}

const definition = loadSync(join(projectRoot(), 'test/support/flagd-sync.proto'), { keepCase: true, defaults: true });
const { flagd } = loadPackageDefinition(definition) as unknown as {
  flagd: { sync: { v1: { FlagSyncService: ServiceClientConstructor } } };
};

type Unary = (
  request: object,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, answer: Answer) => void,
) => void;
type Streaming = (request: object, metadata: Metadata, options: CallOptions) => ClientReadableStream<Answer>;

/** A client of `flagd.sync.v1.FlagSyncService`, made from the published protocol and of nothing else. */
export class FlagdClient {
  private readonly client: Record<'FetchAllFlags' | 'GetMetadata', Unary> & { SyncFlags: Streaming; close(): void };

  /** @param address `host:port`. */
  constructor(address: string, channel: ChannelCredentials = credentials.createInsecure()) {
    const options = { 'grpc.max_receive_message_length': -1, 'grpc.use_local_subchannel_pool': 1 };
    this.client = new flagd.sync.v1.FlagSyncService(address, channel, options) as never;
  }

  async fetch(extras: CallExtras = {}): Promise<FlagdDocument> {
    return JSON.parse((await this.unary('FetchAllFlags', extras)).flag_configuration ?? '') as FlagdDocument;
  }

  async metadata(extras: CallExtras = {}): Promise<Record<string, string | undefined>> {
    const fields = (await this.unary('GetMetadata', extras)).metadata?.fields ?? {};
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.stringValue]));
  }

  sync(extras: CallExtras = {}): FlagdStream {
    return new FlagdStream(this.client.SyncFlags({ selector: extras.selector }, metadataOf(extras), extras.options ?? {}));
  }

  close(): void {
    this.client.close();
  }

  private unary(method: 'FetchAllFlags' | 'GetMetadata', extras: CallExtras): Promise<Answer> {
    const request = method === 'GetMetadata' ? {} : { selector: extras.selector };
    return new Promise((resolve, reject) => {
      this.client[method](request, metadataOf(extras), { deadline: Date.now() + 10_000, ...extras.options }, (error, answer) => {
        if (error === null) return resolve(answer);
        watchRefusal(method, error.details);
        reject(error);
      });
    });
  }
}

/** A stream of documents, with all that it was sent. */
export class FlagdStream {
  readonly documents: FlagdDocument[] = [];
  /** Monotonic milliseconds of the end. */
  endedAt = NaN;
  readonly ended: Promise<ServiceError | null>;

  constructor(readonly call: ClientReadableStream<Answer>) {
    call.on('data', ({ flag_configuration: text }: Answer) => this.documents.push(JSON.parse(text ?? '') as FlagdDocument));
    this.ended = new Promise((resolve) => {
      const end = (error: ServiceError | null) => {
        this.endedAt = performance.now();
        if (error !== null) watchRefusal('SyncFlags', error.details);
        resolve(error);
      };
      call.on('error', end);
      call.on('end', () => end(null));
    });
  }

  get versions(): string[] {
    return this.documents.map(({ metadata }) => metadata.version);
  }
}

function metadataOf({ metadata = {} }: CallExtras): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries(metadata)) made.set(name, value);
  return made;
}

export const bearer = (key: string): CallExtras => ({ metadata: { authorization: `Bearer ${key}` } });
