import { ConsoleLogger } from '@nestjs/common';

/** What the framework says about itself while it starts: a line for each module and route. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** Contexts whose errors end the start: `main` says them once, in words for the operator. */
const START_ERRORS = new Set(['ExceptionHandler', 'NestApplication']);

/** The server's log: a newcomer's first screen is about Flagwire, not about the parts that it is made of. */
export class ServerLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && FRAMEWORK.has(context)) return;
    super.log(message, ...(rest as [string]));
  }

  override error(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && START_ERRORS.has(context)) return;
    super.error(message, ...(rest as [string]));
  }
}
