import { type ExecutionContext, type Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type FlagSyncClient, type Widened } from '../api/flag-sync-client.js';
import { type FlagwireModuleOptions } from './options.js';

/** What the handlers of an application are given by `@Flag`; closes the client with the application. */
export class HandlerFlags implements OnApplicationShutdown {
  constructor(
    private readonly client: FlagSyncClient,
    private readonly context: FlagwireModuleOptions['context'],
    private readonly logger: Logger,
  ) {}

  /** Never rejects: a flag breaks no request. */
  async value<T>(id: string, fallback: T, execution: ExecutionContext): Promise<Widened<T>> {
    try {
      return this.client.value(id, fallback, await this.context?.(execution));
    } catch (error) {
      this.logger.error(`the context of a request could not be made: ${id} gives its fallback`, error);
      return fallback as Widened<T>;
    }
  }

  /** Not earlier: requests that are under way when it begins to end see changes to their end. */
  onApplicationShutdown(): Promise<void> {
    return this.client.close();
  }
}
