/** One mistake in a request: where it is, and what to do about it. */
export interface Mistake {
  path: string;
  message: string;
}

/**
 * What the domain refuses, without HTTP: `code` is stable and listed in docs/errors.md, the filter turns it into
 * problem+json and the sockets into an `Error` message.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  /** Further facts for the answer, such as the present version. */
  readonly extra: Record<string, unknown> = {};
}

/** Why something is refused; each has one HTTP status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'upgrade_required'
  | 'rate_limited'
  | 'unavailable'
  | 'storage_full';

/** The server cannot start, and the operator can mend it: the sentence says how, a stack would hide it. */
export class CannotStart extends Error {
  override readonly name: string = 'CannotStart';
}

/** Bad input, refused whole: every mistake at once. */
export class InvalidInput extends DomainError {
  override readonly name = 'InvalidInput';
  readonly code = 'invalid_input';
  readonly kind = 'invalid';
  constructor(readonly mistakes: readonly Mistake[]) {
    super(mistakes.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '));
  }
}

export class NotFound extends DomainError {
  override readonly name = 'NotFound';
  readonly kind = 'not_found';
  readonly code: string;
  /** @param what e.g. `flag`: the code is `flag_not_found`. */
  constructor(what: string, id: string) {
    super(`There is no ${what} ${JSON.stringify(id)}`);
    this.code = `${what.replaceAll(' ', '_')}_not_found`;
  }
}

/** A body that is not JSON would be taken for none at all, and what it asks for for nothing. */
export class UnsupportedMediaType extends DomainError {
  override readonly name = 'UnsupportedMediaType';
  readonly code = 'unsupported_media_type';
  readonly kind = 'unsupported_media_type';
  constructor() {
    super('The body is not JSON by its Content-Type. Send application/json.');
  }
}

export class Conflict extends DomainError {
  override readonly name = 'Conflict';
  readonly kind = 'conflict';
  constructor(
    readonly code: string,
    message: string,
    override readonly extra: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** `If-Match` or a `version` names another state than the present one; nothing was written. */
export class VersionConflict extends DomainError {
  override readonly name = 'VersionConflict';
  readonly code = 'version_conflict';
  readonly kind = 'precondition_failed';
  constructor(
    message: string,
    override readonly extra: Record<string, unknown>,
  ) {
    super(message);
  }
}

export class Unauthenticated extends DomainError {
  override readonly name = 'Unauthenticated';
  readonly kind = 'unauthenticated';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class Forbidden extends DomainError {
  override readonly name = 'Forbidden';
  readonly kind = 'forbidden';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class RateLimited extends DomainError {
  override readonly name = 'RateLimited';
  readonly code = 'rate_limited';
  readonly kind = 'rate_limited';
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

/** The route speaks WebSocket only. */
export class UpgradeRequired extends DomainError {
  override readonly name = 'UpgradeRequired';
  readonly code = 'upgrade_required';
  readonly kind = 'upgrade_required';
  constructor() {
    super('This is a WebSocket: connect to it with a ws:// or wss:// URL.');
  }
}

/** The database has no room: nothing was written. */
export class StorageFull extends DomainError {
  override readonly name = 'StorageFull';
  readonly code = 'storage_full';
  readonly kind = 'storage_full';
  constructor(override readonly cause?: unknown) {
    super('The database has no room left; nothing was written. Make room, then try again.');
  }
}

/** The database cannot be asked now: nothing was written, try again. */
export class DatabaseUnavailable extends DomainError {
  override readonly name = 'DatabaseUnavailable';
  readonly code = 'database_unavailable';
  readonly kind = 'unavailable';
  constructor(override readonly cause?: unknown) {
    super(
      'The database cannot be reached now, or did not answer in time. A write that was under way is there whole or not at all.',
    );
  }
}
