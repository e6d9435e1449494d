import { ClientClosed, ConnectionFailed, FlagSyncClient, type FlagwireError } from '@flagwire/client';
import { flagdEvaluator } from '@flagwire/client/evaluate';
import { DefaultLogger, GeneralError, ProviderEvents, ProviderFatalError, ProviderNotReadyError } from '@openfeature/server-sdk';
import { type FlagwireProviderOptions } from './options.js';
import { plainly } from './plain-context.js';
import { type ProviderState, providerStateOf } from './provider-state.js';

/** By which operators find a program that gives no name of its own: that of this package, and its version. */
export const CLIENT = '@flagwire/openfeature/0.1.0';

const READY_TIMEOUT_MS = 5000;
const EVENTS = { READY: ProviderEvents.Ready, STALE: ProviderEvents.Stale, ERROR: ProviderEvents.Error } as const;

/** What OpenFeature wants of an event, as a type that may have further fields. */
type Details = { message?: string; flagsChanged?: string[]; metadata?: { cursor: string; revision: number } };
type Tell = (event: ProviderEvents, details: Details) => void;

/** A client, from `initialize` to `onClose`, and what OpenFeature is told of it. */
export class Connection {
  readonly client: FlagSyncClient;
  readonly #timeout_ms: number;
  readonly #tell: Tell;
  /** What OpenFeature takes the provider for; null: it is still waiting for `initialize`, and is told nothing. */
  #told: ProviderState | null = null;
  /** Why the server refused the key; null: it did not, or its flags have come since. */
  #refusal: string | null = null;

  /** @throws InvalidOptions, InvalidFlags of the client. */
  constructor({ ready_timeout_ms = READY_TIMEOUT_MS, warn = warnByDefault, ...options }: FlagwireProviderOptions, tell: Tell) {
    this.client = new FlagSyncClient({ client: CLIENT, ...options, warn, evaluator: plainly(flagdEvaluator()) });
    this.#timeout_ms = ready_timeout_ms;
    this.#tell = tell;
    this.client.on('error', (error) => {
      if (isRefusal(error)) this.#refusal = sentenceOf(error);
      this.#follow();
      warn(sentenceOf(error));
    });
    this.client.on('status', ({ state }) => {
      if (state === 'live' || state === 'polling') this.#refusal = null;
      this.#follow();
    });
    this.client.on('change', ({ changes }) => {
      if (this.#told === null) return;
      tell(ProviderEvents.ConfigurationChanged, { flagsChanged: changes.map(({ id }) => id), ...this.#place() });
    });
  }

  /**
   * Resolves once there are flags to begin with: those of the server, or those that were kept where the server cannot be reached.
   * @throws (rejects) ProviderFatalError where the key is refused and nothing was kept; GeneralError where it is refused, and what was
   *   kept is served; ProviderNotReadyError where nothing came in time. The client goes on trying.
   */
  arrival(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onError = (error: FlagwireError): void => {
        const Refused = this.#isEmpty ? ProviderFatalError : GeneralError;
        if (isRefusal(error)) reject(new Refused(sentenceOf(error)));
        else if (error instanceof ConnectionFailed && !this.#isEmpty) resolve();
      };
      const onTimeout = (error: FlagwireError): void => {
        if (this.#isEmpty || error instanceof ClientClosed) reject(new ProviderNotReadyError(sentenceOf(error)));
        else resolve();
      };
      const stop = this.client.on('error', onError);
      void this.client.ready({ timeout_ms: this.#timeout_ms }).then(resolve, onTimeout).finally(stop);
    });
  }

  /** From now on what differs from `told` is told. */
  begin(told: ProviderState): void {
    if (this.client.status.state === 'closed') return;
    this.#told = told;
    this.#follow();
  }

  /** OpenFeature is told nothing more. */
  close(): Promise<void> {
    this.#told = null;
    return this.client.close();
  }

  /** Nothing has come, and nothing was kept. */
  get #isEmpty(): boolean {
    return this.client.details('', null).error_code === 'PROVIDER_NOT_READY';
  }

  #follow(): void {
    const state = providerStateOf(this.client.status.state, this.#refusal !== null);
    if (this.#told === null || state === null || state === this.#told) return;
    this.#told = state;
    this.#tell(EVENTS[state], {
      ...this.#place(),
      ...(state === 'ERROR' && this.#refusal !== null ? { message: this.#refusal } : {}),
    });
  }

  #place(): Details {
    const { cursor, revision } = this.client.status;
    return cursor === null || revision === null ? {} : { metadata: { cursor, revision } };
  }
}

const isRefusal = (error: FlagwireError): boolean => error.code === 'unauthorized';
const sentenceOf = ({ code, message }: FlagwireError): string => `${code}: ${message}`;
const warnByDefault = (message: string): void => new DefaultLogger().warn(message);
