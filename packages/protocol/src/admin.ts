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
