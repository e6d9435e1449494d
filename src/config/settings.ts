import { LOG_FORMATS, LOG_LEVELS } from '../common/log-line.js';

/** What one setting is: how its text is read, what it is when absent, and the sentence that documents it. */
export interface Setting<T> {
  readonly name: string;
  readonly parse: (text: string) => T;
  readonly fallback: T;
  readonly doc: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** In seconds, as settings count. */
const A_DAY = 86_400;

/** Thrown by a parser; the sentence completes "NAME ...". */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

const integer = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) throw new BadSetting(`must be a whole number from ${min} to ${max}`);
  return value;
};

/** Seconds, fractions allowed; held in milliseconds. */
const seconds = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value < min || value > max) throw new BadSetting(`must be seconds from ${min} to ${max}`);
  return Math.round(value * SECOND);
};

const flag = (text: string) => {
  if (text !== 'true' && text !== 'false') throw new BadSetting('must be true or false');
  return text === 'true';
};

const oneOf =
  <T extends string>(...values: T[]) =>
  (text: string) => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw new BadSetting(`must be one of ${values.join(', ')}`);
    return found;
  };

const text = (value: string) => value;

const url =
  (...schemes: string[]) =>
  (value: string) => {
    if (!schemes.some((scheme) => value.startsWith(scheme))) throw new BadSetting(`must begin with ${schemes.join(' or ')}`);
    // Without a host it is a socket's, whose folder stands in `?host=`.
    if (value.startsWith('postgres') && !URL.canParse(value.replace('@/', '@localhost/'))) {
      throw new BadSetting(
        'must be like postgres://USER:PASSWORD@HOST:5432/DATABASE, with what is special in a password percent-encoded',
      );
    }
    return value;
  };

/** Scheme, host and port. */
const origin = (value: string) => {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  const isOrigin = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.href === `${parsed.origin}/`;
  if (!isOrigin) throw new BadSetting('must be an address without a path, such as https://flags.example.com');
  return parsed.origin;
};

const databaseUrl = (value: string) => {
  // Readers have a connection of their own: a database in memory would be another one for them.
  if (/^sqlite:(\/\/)?(:memory:)?$/.test(value)) throw new BadSetting('must name a file after sqlite:');
  return url('sqlite:', 'postgres://', 'postgresql://')(value);
};

const token = (value: string) => {
  if (value.length < 32 || /\s/.test(value))
    throw new BadSetting('must have 32 characters or more and no white space; make one with: openssl rand -hex 32');
  return value;
};

const pem = (value: string) => {
  if (!value.includes('-----BEGIN '))
    throw new BadSetting('must be PEM, which begins with -----BEGIN; _FILE reads it from a file');
  return value;
};

const nodeName = (value: string) => {
  if (!/^[\w.:@-]{1,128}$/.test(value)) throw new BadSetting('must be 1 to 128 letters, digits and . _ : @ -');
  return value;
};

const setting = <T>(name: string, parse: (text: string) => T, fallback: T, doc: string): Setting<T> => ({
  name,
  parse,
  fallback,
  doc,
});
const optional = <T>(name: string, parse: (text: string) => T, doc: string) => setting<T | null>(name, parse, null, doc);

/** Every setting of the server. The key is its name in code, `name` the environment variable. */
export const SETTINGS = {
  port: setting('PORT', integer(0, 65_535), 3000, 'TCP port of REST, streams and polls; 0 takes a free one'),
  host: setting('FLAGWIRE_HOST', text, '0.0.0.0', 'address to listen on'),
  grpcPort: optional(
    'GRPC_PORT',
    integer(0, 65_535),
    'TCP port of flagd’s gRPC sync; 0 takes a free one; default: there is none',
  ),
  grpcCert: optional('FLAGWIRE_GRPC_CERT', pem, 'its certificate with those that lead to it, PEM; without one it speaks no TLS'),
  grpcKey: optional('FLAGWIRE_GRPC_KEY', pem, 'the private key of that, PEM'),
  publicUrl: optional(
    'FLAGWIRE_PUBLIC_URL',
    origin,
    'the address that browsers use; `https://…` forbids them plain HTTP from then on',
  ),
  nodeEnv: setting('NODE_ENV', text, 'development', '`production` refuses to start without an admin token'),
  databaseUrl: setting('DATABASE_URL', databaseUrl, 'sqlite:./data/flagwire.db', '`sqlite:FILE` or `postgres://…`'),
  listenUrl: optional(
    'DATABASE_LISTEN_URL',
    url('postgres://', 'postgresql://'),
    'where to LISTEN when `DATABASE_URL` is a transaction pooler; default `DATABASE_URL`',
  ),
  adminToken: optional('FLAGWIRE_ADMIN_TOKEN', token, 'an admin token that is always accepted, 32 characters or more'),
  sqliteDriver: setting(
    'FLAGWIRE_SQLITE_DRIVER',
    oneOf('libsql', 'better-sqlite3'),
    'libsql',
    '`better-sqlite3` has to be installed beside the server',
  ),
  workers: setting(
    'FLAGWIRE_WORKERS',
    integer(1, 64),
    1,
    'processes that share the ports, each a node of its own; more than one needs PostgreSQL',
  ),
  poolSize: setting('FLAGWIRE_DB_POOL', integer(2, 200), 10, 'PostgreSQL connections of one node'),
  connectTimeoutMs: setting('FLAGWIRE_DB_CONNECT_TIMEOUT_MS', integer(100, MINUTE), 5 * SECOND, 'to get a database connection'),
  statementTimeoutMs: setting(
    'FLAGWIRE_DB_STATEMENT_TIMEOUT_MS',
    integer(100, 10 * MINUTE),
    10 * SECOND,
    'for one statement; then the write is refused',
  ),
  tailMs: setting('FLAGWIRE_TAIL_MS', integer(10, 10 * SECOND), 250, 'how often the log is read without a wake-up'),
  ringRevisions: setting(
    'FLAGWIRE_RING_REVISIONS',
    integer(1, 1_000_000),
    1000,
    'newest revisions kept in memory, for each environment',
  ),
  ringBytes: setting('FLAGWIRE_RING_BYTES', integer(1024, 2 ** 31), 8 * 2 ** 20, 'the same, in bytes'),
  floorRevisions: setting(
    'FLAGWIRE_FLOOR_REVISIONS',
    integer(1, 10_000_000),
    10_000,
    'newest revisions that can be resumed from',
  ),
  floorMs: setting(
    'FLAGWIRE_FLOOR_S',
    seconds(0, 3650 * A_DAY),
    7 * 24 * HOUR,
    'age up to which a revision can be resumed from, if that keeps more',
  ),
  pingMs: setting('FLAGWIRE_PING_S', seconds(0.1, 3600), 15 * SECOND, 'between comment lines on a stream'),
  heartbeatMs: setting('FLAGWIRE_HEARTBEAT_S', seconds(0.1, 3600), 30 * SECOND, 'between Heartbeat messages'),
  lagBytes: setting(
    'FLAGWIRE_LAG_BYTES',
    integer(1024, 2 ** 30),
    256 * 1024,
    'unsent bytes above which a connection counts as lagging',
  ),
  stallMs: setting(
    'FLAGWIRE_STALL_S',
    seconds(0.1, 3600),
    30 * SECOND,
    'a connection whose socket makes no progress for this long is cut',
  ),
  retryMinMs: setting('FLAGWIRE_RETRY_MIN_MS', integer(1, HOUR), 1 * SECOND, 'least `retry:` of a stream'),
  retryMaxMs: setting('FLAGWIRE_RETRY_MAX_MS', integer(1, HOUR), 5 * SECOND, 'largest `retry:` of a stream'),
  maxConnections: setting('FLAGWIRE_MAX_CONNECTIONS', integer(1, 1_000_000), 20_000, 'connections of one node'),
  maxPerServerKey: setting(
    'FLAGWIRE_MAX_PER_SERVER_KEY',
    integer(1, 1_000_000),
    1000,
    'connections of one server key on one node',
  ),
  maxPerAddress: setting(
    'FLAGWIRE_MAX_PER_ADDRESS',
    integer(1, 1_000_000),
    100,
    'connections of one key from one address on one node, by ticket or client key',
  ),
  socketMaxAgeMs: setting<number | null>(
    'FLAGWIRE_SOCKET_MAX_AGE_S',
    (text) => seconds(0, 30 * A_DAY)(text) || null,
    HOUR,
    'age at which a WebSocket is told to come back, 10 % more or less; 0: never',
  ),
  streamMaxAgeMs: optional<number | null>(
    'FLAGWIRE_STREAM_MAX_AGE_S',
    (text) => seconds(0, 30 * A_DAY)(text) || null,
    'the same of a stream',
  ),
  drainDelayMs: setting(
    'FLAGWIRE_DRAIN_DELAY_S',
    seconds(0, 3600),
    0,
    'at shutdown, not ready but still served, for load balancers to notice',
  ),
  drainMs: setting('FLAGWIRE_DRAIN_S', seconds(0, 3600), 5 * SECOND, 'after that, over which connections are told to leave'),
  ticketTtlMs: setting('FLAGWIRE_TICKET_TTL_S', seconds(1, A_DAY), HOUR, 'life of a stream ticket'),
  ticketsPerMinute: setting('FLAGWIRE_TICKETS_PER_MINUTE', integer(1, 1_000_000), 10, 'tickets for one key and address'),
  wrongCredentialsPerMinute: setting(
    'FLAGWIRE_WRONG_CREDENTIALS_PER_MINUTE',
    integer(1, 1_000_000),
    20,
    'wrong keys, tickets and tokens of one address that get 401; further ones get 429',
  ),
  acksPerSecond: setting(
    'FLAGWIRE_ACKS_PER_SECOND',
    integer(0, 100_000),
    500,
    'acknowledgements that a node hears in a second, of all its clients; 0: it asks for none',
  ),
  expirySweepMs: setting('FLAGWIRE_EXPIRY_SWEEP_MS', integer(10, 500), 250, 'how often expired keys are looked for'),
  keysFailClosedMs: optional(
    'FLAGWIRE_KEYS_FAIL_CLOSED_S',
    seconds(1, A_DAY),
    'without the database for this long, known keys stop to work',
  ),
  maxStalenessMs: optional(
    'FLAGWIRE_MAX_STALENESS_S',
    seconds(1, A_DAY),
    'without the database for this long, the node is not ready',
  ),
  logLevel: setting('FLAGWIRE_LOG_LEVEL', oneOf(...LOG_LEVELS), 'info', '`fatal`, `error`, `warn`, `info`, `debug` or `trace`'),
  logFormat: optional(
    'FLAGWIRE_LOG_FORMAT',
    oneOf(...LOG_FORMATS),
    '`json` or `text`; default `json` where `NODE_ENV` is `production`, else `text`',
  ),
  idempotencyMs: setting(
    'FLAGWIRE_IDEMPOTENCY_S',
    seconds(1, 30 * A_DAY),
    24 * HOUR,
    'for which an answer is given again to the same `Idempotency-Key`',
  ),
  auditKeepMs: optional(
    'FLAGWIRE_AUDIT_KEEP_S',
    seconds(A_DAY, 36_500 * A_DAY),
    'for which rows of both audit trails are kept, longer where clients can resume from them; default for ever',
  ),
  frontCache: setting(
    'FLAGWIRE_FRONT_CACHE',
    flag,
    true,
    'polls whose answer is in memory, and bulk requests and streams of known keys, are answered before the routes; never beside modules of your own',
  ),
  metricsOpen: setting('FLAGWIRE_METRICS_OPEN', flag, false, '`/metrics` without a token'),
  trustProxy: setting('FLAGWIRE_TRUST_PROXY', integer(0, 16), 0, 'proxies in front whose X-Forwarded-For is believed'),
  givenName: optional(
    'FLAGWIRE_NODE_NAME',
    nodeName,
    'what this node is called where nodes are listed; default host name and port',
  ),
  maxFlags: setting('FLAGWIRE_MAX_FLAGS', integer(1, 1_000_000), 20_000, 'flags of one project, archived ones too'),
  headersTimeoutMs: setting(
    'FLAGWIRE_HEADERS_TIMEOUT_S',
    seconds(0.1, 600),
    15 * SECOND,
    'for a request to send its headers, from the first byte or from the connection',
  ),
  requestTimeoutMs: setting('FLAGWIRE_REQUEST_TIMEOUT_S', seconds(0.1, 3600), 2 * MINUTE, 'the same for the whole request'),
  bodyBytes: setting('FLAGWIRE_BODY_BYTES', integer(1024, 2 ** 30), 2 ** 20, 'largest request body'),
  importBytes: setting('FLAGWIRE_IMPORT_BYTES', integer(1024, 2 ** 30), 20 * 2 ** 20, 'largest body of an import'),
} as const;

/** Variables of the command line, which may well stand in the environment of a server too: it leaves them alone. */
export const COMMAND_LINE_NAMES: readonly string[] = [
  'FLAGWIRE_URL',
  'FLAGWIRE_TOKEN',
  'FLAGWIRE_TOKEN_FILE',
  'FLAGWIRE_SDK_KEY',
  'FLAGWIRE_SDK_KEY_FILE',
  'FLAGWIRE_PROJECT',
  'FLAGWIRE_ENV',
];

/** Every setting by its name in code. Times are in milliseconds, sizes in bytes. */
export type Settings = { readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };
