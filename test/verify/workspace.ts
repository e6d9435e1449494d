import { randomBytes } from 'node:crypto';
import {
  type AdminAnswer,
  type AdminClient,
  type CallOptions,
  type CreatedKey,
  type FlagChange,
} from '../support/admin-client.js';
import { type EnvironmentEdit } from '../support/admin-client.js';
import { httpRequest, type HttpAnswer } from '../support/http-request.js';
import { EtagPoller, SincePoller } from '../support/poll-client.js';
import { type SseOptions, type SseProbe } from '../support/sse-client.js';
import { type TestServer } from '../support/server.js';

export interface TrailEntry {
  revision: number;
  cursor: string;
  time: string;
  actor: string;
  comment: string | null;
  changes: { flag: string; type: string; before: unknown; after: unknown }[];
}

/** What a workspace needs of the check that it is for. */
export interface Host {
  stream(options: SseOptions): Promise<SseProbe>;
  readonly lab: { readonly secrets: Set<string> };
}

/** A project of its own with the environment `live`, and a server key for it. */
export class Workspace {
  private constructor(
    private readonly host: Host,
    readonly server: TestServer,
    readonly project: string,
    readonly key: CreatedKey,
  ) {}

  static async make(host: Host, server: TestServer): Promise<Workspace> {
    const project = `verify-${randomBytes(6).toString('hex')}`;
    await server.admin.createProject(project);
    await server.admin.createEnvironment('live', { project });
    const key = await server.admin.createKey('live', 'server', {}, { project });
    host.lab.secrets.add(key.key);
    return new Workspace(host, server, project, key);
  }

  get admin(): AdminClient {
    return this.server.admin;
  }

  /** For the helpers of `AdminClient`. */
  get at(): CallOptions {
    return { project: this.project };
  }

  get request(): { url: string; key: string } {
    return { url: this.server.url, key: this.key.key };
  }

  /** Such as `/flags`. */
  projectPath(rest: string): string {
    return `/api/projects/${this.project}${rest}`;
  }

  livePath(rest = ''): string {
    return this.projectPath(`/environments/live${rest}`);
  }

  async makeKey(kind: 'server' | 'client' = 'server', extra: object = {}): Promise<CreatedKey> {
    const made = await this.admin.createKey('live', kind, extra, this.at);
    this.host.lab.secrets.add(made.key);
    return made;
  }

  /** A new flag, enabled here. Gives the cursor afterwards, as all writes below. */
  async flag(id: string, fields: object = {}): Promise<string> {
    const live = { environments: { live: { status: 'enabled' } } };
    return liveCursor(await this.admin.createFlag(id, { ...live, ...fields }, this.at));
  }

  async edit(id: string, edit: EnvironmentEdit, admin = this.admin): Promise<string> {
    return liveCursor(await admin.patchEnv(id, 'live', edit, this.at));
  }

  /** An edit unlike any before, if `mark` is. */
  async mark(id: string, mark: string, admin = this.admin): Promise<string> {
    return this.edit(id, { targeting: { if: [{ '==': [{ var: 'mark' }, mark] }, 'on', 'off'] } }, admin);
  }

  async changeSet(changes: FlagChange[], comment?: string): Promise<string> {
    const said = comment === undefined ? {} : { comment };
    return liveCursor(await this.admin.changeSet('live', changes, { ...this.at, ...said }));
  }

  /** A stream once its first sync is through. */
  stream(options: Partial<SseOptions> = {}): Promise<SseProbe> {
    return this.host.stream({ ...this.request, ...options });
  }

  since(): SincePoller {
    return new SincePoller(this.request);
  }

  etag(): EtagPoller {
    return new EtagPoller(this.request);
  }

  /** One poll with the workspace's key; `query` begins with `?`. */
  poll(query = '', headers: Record<string, string> = {}): Promise<HttpAnswer> {
    const credential = { 'X-API-Key': this.key.key };
    return httpRequest(`${this.server.url}/sdk/poll${query}`, { headers: { ...credential, ...headers }, timeoutMs: 70_000 });
  }

  /** The present cursor, by a poll. */
  async cursor(): Promise<string> {
    return ((await this.poll()).json() as { cursor: string }).cursor;
  }

  /** Every page of the audit trail. */
  async trail(): Promise<TrailEntry[]> {
    const entries: TrailEntry[] = [];
    let after: string | null = '0';
    while (after !== null) {
      const path = this.livePath(`/changes?limit=100&after=${after}`);
      const page: { items: TrailEntry[]; next: string | null } = (
        await this.admin.call<{ items: TrailEntry[]; next: string | null }>('GET', path)
      ).body;
      entries.push(...page.items);
      after = page.next;
    }
    return entries;
  }
}

/** @throws Error where the answer has no cursor for the environment. */
export function liveCursor({ cursors }: AdminAnswer): string {
  const { live } = cursors;
  if (live === undefined) throw new Error(`Flagwire-Cursor has no entry for live: ${JSON.stringify(cursors)}`);
  return live;
}
