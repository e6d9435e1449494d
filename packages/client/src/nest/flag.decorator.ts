import { createParamDecorator, type ExecutionContext, Inject, type PipeTransform } from '@nestjs/common';
import { HandlerFlags } from './handler-flags.js';
import { handlerFlagsToken } from './tokens.js';

export interface FlagOptions {
  /** The name of the client. Default: the one without a name. */
  readonly client?: string;
}

const Execution = createParamDecorator((_data: unknown, execution: ExecutionContext) => execution);

/**
 * Gives a parameter of a handler the flag's value at this request, for whom the module's `context` says, or the fallback:
 * `list(@Flag('shop.new-list', false) isNew: boolean)`. The module of the controller has to import `FlagwireModule`, unless that is
 * global: otherwise the application does not start. In a constructor, inject the client.
 */
export function Flag<T>(id: string, fallback: T, { client }: FlagOptions = {}): ParameterDecorator {
  // A decorator has no way to what is injected, but a pipe has.
  class FlagPipe implements PipeTransform<ExecutionContext> {
    constructor(@Inject(handlerFlagsToken(client)) private readonly flags: HandlerFlags) {}

    transform(execution: ExecutionContext): unknown {
      return this.flags.value(id, fallback, execution);
    }
  }
  return (target, method, index) => {
    if (method === undefined) {
      throw new TypeError(`@Flag(${JSON.stringify(id)}) is for a handler; in a constructor inject FlagSyncClient`);
    }
    Execution(FlagPipe)(target, method, index);
  };
}
