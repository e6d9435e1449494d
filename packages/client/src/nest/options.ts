import { type ExecutionContext } from '@nestjs/common';
import { type FlagSyncClientOptions } from '../api/options.js';
import { type EvaluationContext } from '../evaluation/evaluator.js';

type MaybePromise<T> = T | Promise<T>;

/** Those of the client, of which `evaluator` is flagd's by default, and `warn` writes to Nest's log. */
export interface FlagwireModuleOptions extends FlagSyncClientOptions {
  /** How long a start waits for the flags of the server, in milliseconds; 0: not at all. Default: 5000. */
  readonly ready_timeout_ms?: number;
  /** Whether a start fails that waited in vain. Default: false, it goes on with the cache or the fallbacks. */
  readonly required?: boolean;
  /**
   * Closes the client when it is aborted, whether the application has started or not. Of a start that fails with
   * `abortOnError: false` nobody else is told: Nest calls no hook of it. Default: none.
   */
  readonly signal?: AbortSignal;
  /**
   * For whom the `@Flag` parameters of a request are decided: `(execution) => ({ targetingKey: execution.switchToHttp()… })`. Called
   * for each of them, after the guards. Where it throws, or rejects, the fallback is served, and the log says why.
   */
  readonly context?: (execution: ExecutionContext) => MaybePromise<EvaluationContext | undefined>;
}

/** What `forRootAsync` takes beside its factory: it has to be known before that is called. */
export interface FlagwireModuleExtras {
  /** Of this client, where an application has several; see `InjectFlagSyncClient`. Default: none. */
  readonly name?: string | undefined;
  /** Whether every module has the client without importing this one. Default: false. */
  readonly isGlobal?: boolean;
}
