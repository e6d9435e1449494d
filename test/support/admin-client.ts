import { parseDictionary } from 'structured-headers';
import { httpRequest, type HttpAnswer } from './http-request.js';
import { type FlagDefinition, type FlagStatus } from './wire-types.js';

export interface AdminAnswer<Body = unknown> {
  status: number;
  /** Names in lower case. */
  headers: HttpAnswer['headers'];
  /** Parsed where the answer is JSON, else the text; undefined where it is empty. */
  body: Body;
  /** `Flagwire-Cursor` by environment; empty where the header is absent. */
  cursors: Record<string, string>;
}

export interface CreatedKey {
  id: string;
  key: string;
}

export interface EnvironmentEdit {
  status?: FlagStatus;
  default_variant?: string | null;
  targeting?: Record<string, unknown>;
}

export interface FlagChange extends EnvironmentEdit {
  flag: string;
  version?: number;
}

export interface CallOptions {
  /** Default `default`. */
  project?: string;
  /** Such as `If-Match` or `Idempotency-Key`. */
  headers?: Record<string, string>;
}

/** What change sets, rollback and import answer. */
export interface ChangeSetResult {
  cursor: string;
  revision: number;
  changes: unknown[];
}

export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';

  constructor(
    call: string,
    readonly answer: AdminAnswer,
  ) {
    super(`${call} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}

function parseBody(answer: HttpAnswer): unknown {
  if (answer.bytes.length === 0) return undefined;
  return /[/+]json/.test(answer.header('content-type') ?? '') ? answer.json() : answer.text;
}

/** Cursors by environment, of an admin answer. @throws TypeError where they are no dictionary of strings. */
export function parseCursors(header: string | undefined): Record<string, string> {
  if (header === undefined) return {};
  const entries = [...parseDictionary(header)].map(([environment, [value]]): [string, string] => {
    if (typeof value !== 'string') throw new TypeError(`Flagwire-Cursor has an entry that is no string: ${header}`);
    return [environment, value];
  });
  return Object.fromEntries(entries);
}

/**
 * The admin REST API over real HTTP. `request` gives every answer; the helpers throw `UnexpectedAnswer` unless the
 * status is 2xx, so that a test's preparation cannot fail unseen.
 */
export class AdminClient {
  constructor(
    readonly url: string,
    /** Null: no credential is sent. */
    readonly token: string | null,
    /** For the whole answer. */
    private readonly timeoutMs = 30_000,
  ) {}

  /** One request, any answer. `body` is sent as JSON, unless it is a string or a Buffer, which go as they are. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<AdminAnswer> {
    const credential = this.token === null ? {} : { Authorization: `Bearer ${this.token}` };
    const raw = typeof body === 'string' || Buffer.isBuffer(body);
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const answer = await httpRequest(new URL(path, this.url), {
      method,
      headers: { ...credential, ...type, ...headers },
      timeoutMs: this.timeoutMs,
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    });
    const cursors = parseCursors(answer.header('flagwire-cursor'));
    return { status: answer.status, headers: answer.headers, body: parseBody(answer), cursors };
  }

  /** @throws UnexpectedAnswer unless the status is 2xx. The body is taken to be what the caller says. */
  async call<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<AdminAnswer<Body>> {
    const answer = await this.request(method, path, body, options.headers);
    if (answer.status < 200 || answer.status > 299) throw new UnexpectedAnswer(`${method} ${path}`, answer);
    return answer as AdminAnswer<Body>;
  }

  /** A boolean flag with the variants on and off, default off, disabled everywhere: `fields` says what is different. */
  createFlag(id: string, fields: object = {}, options: CallOptions = {}) {
    const plain = { name: id, value_type: 'boolean', variants: { on: true, off: false }, default_variant: 'off' };
    return this.call<{ id: string }>('POST', project(options, '/flags'), { id, ...plain, ...fields }, options);
  }

  getFlag(id: string, options: CallOptions = {}) {
    return this.call<Record<string, unknown>>('GET', flagPath(options, id), undefined, options);
  }

  /** Project-wide fields. */
  patchFlag(id: string, fields: object, options: CallOptions = {}) {
    return this.call('PATCH', flagPath(options, id), fields, options);
  }

  archive(id: string, options: CallOptions = {}) {
    return this.call('DELETE', flagPath(options, id), undefined, options);
  }

  restore(id: string, options: CallOptions = {}) {
    return this.call('POST', flagPath(options, id, '/restore'), undefined, options);
  }

  /** The flag as one environment sees it. */
  getEnv(id: string, environment: string, options: CallOptions = {}) {
    const path = flagPath(options, id, `/environments/${environment}`);
    return this.call<FlagDefinition>('GET', path, undefined, options);
  }

  patchEnv(id: string, environment: string, edit: EnvironmentEdit, options: CallOptions = {}) {
    return this.call<FlagDefinition>('PATCH', flagPath(options, id, `/environments/${environment}`), edit, options);
  }

  /** One revision, all or nothing. */
  changeSet(environment: string, changes: FlagChange[], options: CallOptions & { comment?: string } = {}) {
    const { comment } = options;
    const body = { changes, ...(comment === undefined ? {} : { comment }) };
    return this.call<ChangeSetResult>('POST', environmentPath(options, environment, '/change-sets'), body, options);
  }

  /** The audit trail after a revision. */
  changes(environment: string, after = 0, options: CallOptions = {}) {
    const path = environmentPath(options, environment, `/changes?after=${after}`);
    return this.call<{ items: Record<string, unknown>[]; next: unknown }>('GET', path, undefined, options);
  }

  rollback(environment: string, toRevision: number, options: CallOptions = {}) {
    const body = { to_revision: toRevision };
    return this.call<ChangeSetResult>('POST', environmentPath(options, environment, '/rollback'), body, options);
  }

  /** An SDK key; `extra`: `expires_at`, `allowed_origins`, `name`. */
  async createKey(
    environment: string,
    kind: 'server' | 'client' = 'server',
    extra: object = {},
    options: CallOptions = {},
  ): Promise<CreatedKey> {
    const body = { name: `${kind} key of a test`, kind, ...extra };
    const path = environmentPath(options, environment, '/sdk-keys');
    return (await this.call<CreatedKey>('POST', path, body, options)).body;
  }

  /** The new key; the old one stays valid for `graceSeconds`. */
  async rotateKey(environment: string, id: string, graceSeconds: number, options: CallOptions = {}) {
    const path = environmentPath(options, environment, `/sdk-keys/${id}/rotate`);
    return (await this.call<CreatedKey>('POST', path, { grace_seconds: graceSeconds }, options)).body;
  }

  revokeKey(environment: string, id: string, options: CallOptions = {}) {
    return this.call('DELETE', environmentPath(options, environment, `/sdk-keys/${id}`), undefined, options);
  }

  createProject(key: string, name = key) {
    return this.call('POST', '/api/projects', { key, name });
  }

  deleteProject(key: string) {
    return this.call('DELETE', `/api/projects/${key}`);
  }

  createEnvironment(key: string, options: CallOptions = {}) {
    const path = project(options, '/environments');
    return this.call<{ epoch: string; revision: number }>('POST', path, { key, name: key }, options);
  }

  getEnvironment(key: string, options: CallOptions = {}) {
    const path = environmentPath(options, key);
    return this.call<{ epoch: string; revision: number }>('GET', path, undefined, options);
  }

  deleteEnvironment(key: string, options: CallOptions = {}) {
    return this.call('DELETE', environmentPath(options, key), undefined, options);
  }

  connections(environment: string, options: CallOptions = {}) {
    return this.call('GET', environmentPath(options, environment, '/connections'), undefined, options);
  }

  export(options: CallOptions = {}) {
    return this.call('GET', project(options, '/export'), undefined, options);
  }

  /** `query` such as `?mode=replace&dry_run=true`. */
  import(document: object, query = '', options: CallOptions = {}) {
    return this.call('POST', project(options, `/import${query}`), document, options);
  }

  /** An admin token; `extra`: `project`, `expires_at`. */
  async createToken(role: 'viewer' | 'editor' | 'admin', extra: object = {}) {
    const body = { name: `${role} of a test`, role, ...extra };
    return (await this.call<{ id: string; token: string }>('POST', '/api/tokens', body)).body;
  }

  /** The same server with another credential. */
  as(token: string | null): AdminClient {
    return new AdminClient(this.url, token);
  }
}

function project(options: CallOptions, rest: string): string {
  return `/api/projects/${options.project ?? 'default'}${rest}`;
}

function flagPath(options: CallOptions, id: string, rest = ''): string {
  return project(options, `/flags/${encodeURIComponent(id)}${rest}`);
}

function environmentPath(options: CallOptions, environment: string, rest = ''): string {
  return project(options, `/environments/${environment}${rest}`);
}
