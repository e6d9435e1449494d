/** What the drivers' errors mean. The codes are PostgreSQL's SQLSTATE (appendix A of its manual), Node's and SQLite's. */

function codeOf(error: unknown): string {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } };
  const found = driverError?.code ?? code;
  return typeof found === 'string' ? found : '';
}

/** Deadlock or serialization failure: the transaction was rolled back and may be tried again as it is. */
export function isSerializationFailure(error: unknown): boolean {
  return ['40P01', '40001'].includes(codeOf(error));
}

/** A row with this key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return ['23505', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'].includes(codeOf(error));
}

/** The disk, or the room that the database may take, is full (SQLSTATE class 53100; SQLITE_FULL). */
export function isStorageFull(error: unknown): boolean {
  return codeOf(error) === '53100' || codeOf(error) === 'SQLITE_FULL';
}

const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;
/** 08: connection exception; 57P0x: the server is going down or starting; 53300: too many connections; 57014: time-out; 25006: read-only,
 * a stand-by that does not lead yet. */
const SERVER = /^(08...|57P0[1-5]|53300|57014|55P03|25P0[34]|25006)$/;
/** The driver gives these no code. */
const UNANSWERED = /timeout exceeded when trying to connect|Connection terminated|Query read timeout/i;
/** 57P01 and 57P02: the server has ended the connection. */
const DEAD = /^(ECONNRESET|EPIPE|57P0[12])$/;
/** The last two are TypeORM's: the connection broke between two statements of a transaction. */
const DEAD_WORDS =
  /Connection terminated unexpectedly|Client has encountered a connection error|not queryable|Client was closed|Query runner already released|query runner was already released/i;

const says = (error: unknown, words: RegExp): boolean => error instanceof Error && words.test(error.message);

/**
 * A connection that was there, and is not: another one may be alive. Not what was waited for in vain, nor a connection that could not be
 * made.
 */
export function isDeadConnection(error: unknown): boolean {
  return DEAD.test(codeOf(error)) || says(error, DEAD_WORDS);
}

/** The database could not be asked, or did not answer in time: whether it was done is told by the log alone. */
export function isConnectionFailure(error: unknown): boolean {
  const code = codeOf(error);
  return NETWORK.test(code) || SERVER.test(code) || says(error, UNANSWERED) || isDeadConnection(error);
}
