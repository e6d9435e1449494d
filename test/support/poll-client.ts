import { sdkHeaders, sdkUrl, type SdkRequest } from './credentials.js';
import { parseCursor } from './cursor.js';
import { httpRequest, type HttpAnswer } from './http-request.js';
import { SyncChecker, type AppliedSet, type CheckerOptions } from './sync-checker.js';
import { type FlagDefinition, type PolledEvent } from './wire-types.js';

export interface PollBody {
  flags: FlagDefinition[];
  last_modified: string;
  etag: string;
  cursor: string;
}

export interface DeltaBody {
  mode: 'full' | 'delta';
  events: PolledEvent[];
  cursor: string;
}

export class PollRefused extends Error {
  override readonly name = 'PollRefused';

  constructor(readonly answer: HttpAnswer) {
    super(`the poll was answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  }

  get status(): number {
    return this.answer.status;
  }
}

export interface PollOptions {
  /** Seconds, `?wait=`: the answer comes when something changed, at the latest then. */
  wait?: number;
  headers?: Record<string, string>;
}

/** Any poll, any answer; `query` and `headers` of the request are all that is added. */
export function poll(request: SdkRequest, timeoutMs = 70_000): Promise<HttpAnswer> {
  const ca = request.ca === undefined ? {} : { ca: request.ca };
  return httpRequest(sdkUrl(request, '/sdk/poll'), { headers: sdkHeaders(request), timeoutMs, ...ca });
}

function withWait(request: SdkRequest, options: PollOptions, query: Record<string, string> = {}): SdkRequest {
  const wait = options.wait === undefined ? {} : { wait: String(options.wait) };
  return { ...request, query: { ...request.query, ...query, ...wait } };
}

/** Never backwards (protocol section 1): in one epoch the revision does not fall. */
function assertNotBackwards(before: string, after: string): void {
  const [old, now] = [parseCursor(before), parseCursor(after)];
  if (now === null) throw new Error(`a poll gave ${JSON.stringify(after)} as its cursor`);
  if (old !== null && old.epoch === now.epoch && now.revision < old.revision) {
    throw new Error(`a poll went backwards from ${before} to ${after}`);
  }
}

/** Polls with `If-None-Match`, as a browser's cache would. One request at a time. */
export class EtagPoller {
  state = new Map<string, FlagDefinition>();
  cursor = 'none';
  etag: string | undefined;
  /** Answers by status. */
  readonly counts = { changed: 0, unchanged: 0 };

  /** @param options `mayGoBack`: for tests that restore an old database. */
  constructor(
    readonly request: SdkRequest,
    private readonly options: { mayGoBack?: boolean } = {},
  ) {}

  /**
   * @returns whether something changed (200, not 304).
   * @throws PollRefused for any other status; Error where the answer contradicts itself or goes backwards.
   */
  async poll(options: PollOptions = {}): Promise<boolean> {
    const condition = this.etag === undefined ? {} : { 'If-None-Match': this.etag };
    const headers = { ...this.request.headers, ...condition, ...options.headers };
    const answer = await poll(withWait({ ...this.request, headers }, options));
    if (answer.status === 304) return this.#unchanged(answer);
    if (answer.status !== 200) throw new PollRefused(answer);
    const body = answer.json() as PollBody;
    if (answer.header('etag') !== body.etag || body.etag !== `W/"${body.cursor}"`) {
      throw new Error(`etag ${answer.header('etag')}, body's ${body.etag} and cursor ${body.cursor} do not agree`);
    }
    if (this.options.mayGoBack !== true) assertNotBackwards(this.cursor, body.cursor);
    this.state = new Map(body.flags.map((flag) => [flag.id, flag]));
    if (this.state.size !== body.flags.length) throw new Error('a poll gave a flag twice');
    this.cursor = body.cursor;
    this.etag = body.etag;
    this.counts.changed += 1;
    return true;
  }

  #unchanged(answer: HttpAnswer): boolean {
    if (answer.bytes.length > 0) throw new Error('a 304 had a body');
    if (answer.header('etag') !== this.etag) throw new Error(`a 304 for ${this.etag} had ${answer.header('etag')}`);
    this.counts.unchanged += 1;
    return false;
  }
}

/** Polls with `?since=` and applies what comes, to the letter of protocol section 2. One request at a time. */
export class SincePoller {
  readonly checker: SyncChecker;
  /** Answers by mode. */
  readonly counts = { full: 0, delta: 0 };

  /** @param start where an earlier client stood; default: nowhere, so that the first answer is full. */
  constructor(
    readonly request: SdkRequest,
    start: CheckerOptions = {},
  ) {
    const flags = request.flags === undefined ? {} : { flags: request.flags };
    this.checker = new SyncChecker({ ...start, ...flags });
  }

  get state(): Map<string, FlagDefinition> {
    return this.checker.state;
  }

  get cursor(): string {
    return this.checker.cursor;
  }

  /** Whole change sets received, full answers not counted. */
  get applied(): readonly AppliedSet[] {
    return this.checker.applied;
  }

  /** @throws PollRefused for any status but 200. Breaches of the protocol are kept for `assertInOrder`. */
  async poll(options: PollOptions = {}): Promise<DeltaBody> {
    const headers = { ...this.request.headers, ...options.headers };
    const answer = await poll(withWait({ ...this.request, headers }, options, { since: this.cursor }));
    if (answer.status !== 200) throw new PollRefused(answer);
    const body = answer.json() as DeltaBody;
    this.checker.receiveDelta(body);
    this.counts[body.mode] += 1;
    return body;
  }

  /** @throws Error that lists every breach of the protocol in the answers so far. */
  assertInOrder(): void {
    const { violations } = this.checker;
    if (violations.length > 0) throw new Error(`polls broke the protocol:\n- ${violations.join('\n- ')}`);
  }
}
