import { type CacheFault } from '../cache/cache.js';
import { type Failure, type FailureCode } from '../transport/failure.js';

/** What this SDK itself says, beside what a connection or the cache says. Each is explained in docs/errors.md. */
export const CLIENT_CODES = [
  'client_closed',
  'cursor_invalid',
  'flags_invalid',
  'listener_failed',
  'options_invalid',
  'ready_timeout',
  'server_key_in_browser',
  'wait_timeout',
] as const;
export type ClientCode = (typeof CLIENT_CODES)[number];

/** Whatever this SDK throws, rejects with, or tells as `error`. Programs compare `code`; `message` is for people, without secrets. */
export abstract class FlagwireError extends Error {
  override readonly name = 'FlagwireError';
  abstract readonly code: ClientCode | FailureCode | CacheFault;
}

function withCode<Code extends ClientCode>(code: Code) {
  return class extends FlagwireError {
    readonly code: Code = code;
  };
}

/** The client was closed before what was waited for. */
export class ClientClosed extends withCode('client_closed') {}

/** What was given to `waitFor` is no cursor. */
export class InvalidCursor extends withCode('cursor_invalid') {}

/** The list of flags to subscribe to cannot be one. */
export class InvalidFlags extends withCode('flags_invalid') {}

/** A listener threw, or rejected; `cause` is what. Told as `error`. */
export class ListenerFailed extends withCode('listener_failed') {}

/** The client cannot be made with these options. */
export class InvalidOptions extends withCode('options_invalid') {}

/** The flags of the server did not come in time. The client goes on trying. */
export class ReadyTimeout extends withCode('ready_timeout') {}

/** A key that reads every definition was given to a page, where everybody can read it. */
export class ServerKeyInBrowser extends withCode('server_key_in_browser') {}

/** What was waited for did not come in time. It may still come. */
export class WaitTimeout extends withCode('wait_timeout') {}

/** A connection, or an attempt, ended. Told as `error`; the client comes back by itself. */
export class ConnectionFailed extends FlagwireError {
  readonly code: FailureCode;
  /** Of an HTTP answer, or the close code of a WebSocket; null where there was none. */
  readonly status: number | null;

  constructor({ code, message, status }: Failure) {
    super(message);
    this.code = code;
    this.status = status ?? null;
  }
}

/** What was kept, or was to be kept, could not be read or written; `cause` is why. Told as `error`. */
export class CacheFailed extends FlagwireError {
  constructor(
    readonly code: CacheFault,
    cause?: unknown,
  ) {
    super(code, { cause });
  }
}
