import { Logger } from '@nestjs/common';

/** For what is said of the client of this name. */
export function loggerOf(name?: string): Logger {
  return new Logger(name === undefined ? 'Flagwire' : `Flagwire:${name}`);
}
