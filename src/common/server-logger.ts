import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { type LogFormat, type LogLevel, renderLine } from './log-line.js';
import { type RequestContext } from './request-context.js';

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

/**
 * The server's log: one line for each message on standard output, with the id of the request that it belongs to. Whatever
 * is written goes through `renderLine`, which takes secrets out.
 */
export class ServerLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(
    { level, format }: { level: LogLevel; format: LogFormat },
    requests: RequestContext,
    // A line is out before the process goes on: the last ones, too, when it ends.
    output: DestinationStream = destination({ dest: 1, sync: true }),
  ) {
    const options = {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      mixin: () => requestFacts(requests),
      hooks: { streamWrite: (line: string) => renderLine(line, format) },
    };
    this.pino = pino(options, output);
  }

  /** A newcomer's first screen is about Flagwire, not about the parts that it is made of. */
  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(contextOf(rest)) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    if (!START_ERRORS.has(contextOf(rest))) this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    // Nest hands a stack in between the message and the context.
    const [stack] = rest.length > 1 && typeof rest[0] === 'string' ? rest : [];
    this.pino[level]({ context: contextOf(rest), ...fieldsOf(message), ...(stack === undefined ? {} : { stack }) });
  }
}

function contextOf(rest: readonly unknown[]): string {
  const context = rest.at(-1);
  return typeof context === 'string' ? context : 'Flagwire';
}

/** An object is fields of the line. Of an error only what is for people: drivers hang statements and parameters on theirs. */
function fieldsOf(message: unknown): object {
  if (message instanceof Error) {
    const { name, message: msg, stack } = message;
    return { msg, error: name, stack };
  }
  return typeof message === 'object' && message !== null ? message : { msg: String(message) };
}

function requestFacts({ current }: RequestContext): object {
  if (current === null) return {};
  const { requestId, traceparent } = current;
  return { request_id: requestId, ...(traceparent === null ? {} : { trace_id: traceparent.split('-')[1] }) };
}
