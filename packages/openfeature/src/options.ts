import { type FlagSyncClientOptions } from '@flagwire/client';

/** Those of `FlagSyncClient`, without what is for pages; targeting is always flagd's. */
export interface FlagwireProviderOptions extends Omit<FlagSyncClientOptions, 'sdkKey' | 'ticket' | 'evaluator'> {
  /** A server key: `fw_srv_…`. */
  readonly sdkKey: string;
  /** How long `initialize` waits for the flags of the server, in milliseconds. Default: 5000. */
  readonly ready_timeout_ms?: number;
  /**
   * Is told what the provider deals with by itself (a connection that was lost, a cache that cannot be read), and once in a process of
   * each deprecated flag that is asked for. Default: as OpenFeature's default logger, `console.warn`.
   */
  readonly warn?: (message: string) => void;
}
