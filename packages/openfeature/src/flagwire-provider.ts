import { type Details, FlagwireError } from '@flagwire/client';
import {
  type EvaluationContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderFatalError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { Connection } from './connection.js';
import { type FlagwireProviderOptions } from './options.js';
import { resolutionOf } from './resolution.js';

/**
 * The flags of one environment, for the OpenFeature server SDK: `await OpenFeature.setProviderAndWait(new FlagwireProvider(…))`. A
 * value comes from memory, decided in the process. It connects when OpenFeature initializes it, and comes back by itself until
 * OpenFeature closes it. See the README for which event means what.
 */
export class FlagwireProvider implements Provider {
  readonly metadata = { name: 'flagwire' } as const;
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly #options: FlagwireProviderOptions;
  #connection: Connection | null = null;

  /** Makes no connection yet; options are looked at by `initialize`. */
  constructor(options: FlagwireProviderOptions) {
    this.#options = options;
  }

  /**
   * Called by OpenFeature. Resolves once there are flags: the server's, or, where the server cannot be reached, those of the cache.
   * @throws (rejects) as `Connection.arrival`; ProviderFatalError also where the options cannot be used.
   */
  async initialize(): Promise<void> {
    await this.onClose();
    const connection = (this.#connection = this.#connect());
    let told: 'READY' | 'ERROR' = 'ERROR';
    try {
      await connection.arrival();
      told = 'READY';
    } finally {
      // OpenFeature takes the state for this one when the promise settles, and only then may it be told another: that is a turn later.
      queueMicrotask(() => queueMicrotask(() => connection.begin(told)));
    }
  }

  /** Called by OpenFeature, when another provider takes the place of this one, or at the end. Nothing of it keeps the process alive. */
  async onClose(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  async resolveBooleanEvaluation(flagKey: string, defaultValue: boolean, context: EvaluationContext) {
    return this.#resolve(flagKey, false, defaultValue, context);
  }

  async resolveStringEvaluation(flagKey: string, defaultValue: string, context: EvaluationContext) {
    return this.#resolve(flagKey, '', defaultValue, context);
  }

  async resolveNumberEvaluation(flagKey: string, defaultValue: number, context: EvaluationContext) {
    return this.#resolve(flagKey, 0, defaultValue, context);
  }

  async resolveObjectEvaluation<T extends JsonValue>(flagKey: string, defaultValue: T, context: EvaluationContext) {
    return this.#resolve(flagKey, {}, defaultValue, context);
  }

  /** @param sample of the type that is asked for: a default may be of another. */
  #resolve<T extends JsonValue>(id: string, sample: unknown, fallback: T, context: EvaluationContext): ResolutionDetails<T> {
    const client = this.#connection?.client;
    if (client === undefined) return resolutionOf(id, NOT_READY, null, fallback);
    return resolutionOf(id, client.details(id, sample, context), client.status.cursor, fallback);
  }

  #connect(): Connection {
    try {
      return new Connection(this.#options, (event, details) => this.events.emit(event, details));
    } catch (error) {
      if (!(error instanceof FlagwireError)) throw error;
      throw new ProviderFatalError(`${error.code}: ${error.message}`);
    }
  }
}

const NOT_READY: Details<unknown> = {
  ...{ value: undefined, variant: null, reason: 'ERROR', version: null, revision: null, age_ms: null },
  error_code: 'PROVIDER_NOT_READY',
};
