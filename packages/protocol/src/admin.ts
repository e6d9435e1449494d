/** Shapes of the admin API that other programs rely on (docs/protocol.md names the stream; this is the write side). */
import { type FlagDefinition, type FlagStatus, type ValueType } from './flag.js';
import { type Json, type JsonObject } from './json.js';
import { type FlagEvent } from './messages.js';

export { type CredentialKind, CREDENTIAL_PREFIXES, credentialChecksum, readCredential } from './credential-form.js';
export { isKey } from './key.js';

export const ROLES = ['viewer', 'editor', 'admin'] as const;
/** Each role may do what the one before it may. */
export type Role = (typeof ROLES)[number];

export const KEY_KINDS = ['server', 'client'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** RFC 9457, with every mistake of a refused body. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable; listed in docs/errors.md. */
  code: string;
  errors?: { path: string; message: string }[];
  /** The answer's `X-Request-Id`, by which the server's log can be searched. */
  request_id?: string;
}

export interface Page<T> {
  items: T[];
  /** The `after` of the next page; null on the last. */
  next: string | null;
}

/** One flag's part of a change set in the audit trail. */
export interface ChangeEntry {
  flag: string;
  type: FlagEvent['type'];
  before: FlagDefinition | null;
  after: FlagDefinition | null;
}

/** One change set in the audit trail. */
export interface ChangeRecord {
  revision: number;
  cursor: string;
  time: string;
  actor: string;
  comment: string | null;
  changes: ChangeEntry[];
}

/** What the audit trail tells of: everything that is not a flag change. */
export const AUDIT_ACTIONS = [
  'project.created',
  'project.renamed',
  'project.deleted',
  'project.exported',
  'project.imported',
  'environment.created',
  'environment.renamed',
  'environment.deleted',
  'sdk_key.created',
  'sdk_key.rotated',
  'sdk_key.revoked',
  'token.created',
  'token.revoked',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One action in the audit trail. */
export interface AuditRecord {
  /** 1, 2, 3, … in the order of commits, without gaps. */
  id: number;
  time: string;
  action: AuditAction;
  /** The key of the project or environment, or the id of the SDK key or token, that it was done to. */
  target: string;
  /** The key that the project has, or had before it was deleted; null: the whole server. */
  project: string | null;
  environment: string | null;
  /** The token's name. Names may repeat: `actor_id` does not. */
  actor: string;
  actor_id: string;
  /** Of the client; null where no request did it. */
  address: string | null;
  request_id: string | null;
  /** By action. Never a secret. */
  details: Record<string, unknown>;
}

/** The answer of a change set: what it made, or the present cursor where it changed nothing. */
export interface ChangeSetAnswer {
  cursor: string;
  revision: number;
  changes: ChangeEntry[];
}

/** A flag's settings in one environment as a request names them; what is absent stays as it is. */
export interface FlagSettings {
  status?: FlagStatus;
  default_variant?: string | null;
  targeting?: Record<string, unknown>;
}

/** A flag's settings in one environment as answers have them. */
export interface FlagSetting {
  status: FlagStatus;
  /** Absent: the flag's own; null: the code default. */
  default_variant?: string | null;
  targeting: JsonObject;
  /** Of the definition in this environment. */
  version: number;
}

/** A flag of a project, with its settings in the environments that the token opens. */
export interface ProjectFlag {
  id: string;
  name: string;
  description: string;
  value_type: ValueType;
  variants: Record<string, Json>;
  default_variant: string | null;
  tags: string[];
  owner: string | null;
  critical: boolean;
  /** Of the flag itself; settings have versions of their own. */
  version: number;
  created_at: string;
  updated_at: string;
  /** Null: not archived. */
  archived_at: string | null;
  environments: Record<string, FlagSetting>;
}

/** An SDK key as lists show it: never the secret, never its hash. */
export interface SdkKeyRecord {
  id: string;
  name: string;
  kind: KeyKind;
  /** How it begins. */
  prefix: string;
  allowed_origins: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

/** How many flags an import makes, changes and leaves. */
export interface ImportCounts {
  created: number;
  updated: number;
  restored: number;
  archived: number;
  unchanged: number;
}

/** What an import made of one environment. */
export interface ImportedEnvironment {
  /** Null: the environment is one that a dry run would make. */
  cursor: string | null;
  revision: number;
  /** The first of `changes_total`. */
  changes: ChangeEntry[];
  changes_total: number;
}

/** What an import made, or with `dry_run` would make. */
export interface ImportReport extends Partial<ImportedEnvironment> {
  dry_run: boolean;
  flags: ImportCounts;
  environments_created: string[];
  environments: Record<string, ImportedEnvironment>;
}

/** A client that has not got a revision yet. */
export interface LaggingClient {
  /** As it names itself; null: it does not. */
  client: string | null;
  version: string | null;
  /** `sse`, `websocket`, `socket.io` or `polling`. */
  transport: string;
  node: string;
  /** Where it stands. */
  cursor: string;
  /** Since when it lacks something. */
  since: string;
}

/** A node whose figures are older than 5 seconds: what its clients have is not known. */
export interface MissingNode {
  node: string;
  node_id: string;
  last_seen: string;
  /** That it had then. */
  clients: number;
}

export interface PropagationNode {
  node: string;
  node_id: string;
  age_ms: number;
  /** That the node itself has; null: it has no client of the environment. */
  revision: number | null;
  /** Connections; polling clients are counted over all nodes. */
  clients: number;
  have: number;
  /** By the database's clock; null: it was not waited for, or is no longer known. */
  commit_to_read_ms: number | null;
}

/** How far a revision has come. */
export interface PropagationAnswer {
  revision: number;
  cursor: string;
  /** By the clock of the node that wrote it; null for revision 0. */
  committed_at: string | null;
  /** Every client of every node has it, and no node is missing. */
  complete: boolean;
  clients: {
    connected: number;
    have: number;
    behind: number;
    /** Of those that have it: those that said so themselves. To the others it was sent. */
    acknowledged: number;
    /** Of those connected: those that poll and name themselves. */
    polling: number;
  };
  /** From the commit to each client that was there then; null: none was, or it is no longer known. */
  delay_ms: { p50: number; p99: number; max: number; clients: number } | null;
  /** At most 100, those who wait longest first. */
  behind: LaggingClient[];
  nodes: PropagationNode[];
  missing: MissingNode[];
}

/** Who is connected to an environment. */
export interface ConnectionsAnswer {
  total: number;
  transports: Record<string, number>;
  nodes: {
    node: string;
    node_id: string;
    age_ms: number;
    revision: number | null;
    total: number;
    transports: Record<string, number>;
    /** Newest first; -1: nothing yet. */
    revisions: { revision: number; clients: number }[];
    older: number;
  }[];
  missing: MissingNode[];
}
