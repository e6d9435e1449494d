/** Shapes of the admin API that other programs rely on (docs/protocol.md names the stream; this is the write side). */
import { type FlagDefinition, type FlagStatus } from './flag.js';
import { type FlagEvent } from './messages.js';

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
