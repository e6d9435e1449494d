import { type KeyKind, type Role } from '@flagwire/protocol/admin';
import { type FlagFilter } from '@flagwire/protocol/sync';

/** Who uses the admin API. */
export interface AdminPrincipal {
  readonly id: string;
  /** The actor in the audit trail. */
  readonly name: string;
  readonly role: Role;
  /** Null: every project. */
  readonly projectKey: string | null;
  /** Null: every environment of the project. */
  readonly environmentKeys: readonly string[] | null;
}

/** Whose definitions are read: a key, or a ticket made with it. */
export interface SdkPrincipal {
  readonly keyId: string;
  readonly kind: KeyKind;
  readonly environmentId: string;
  readonly allowedOrigins: readonly string[];
  /** What a ticket is limited to; null: every flag. */
  readonly filter: FlagFilter | null;
  readonly viaTicket: boolean;
}

/** A key that cannot be checked now, and may be right: the stream says Goodbye with this reason and a delay. */
export interface KeyUnchecked {
  readonly unchecked: 'overload' | 'stale';
}

/** What the guard leaves on the request. */
export interface PrincipalHolder {
  actor?: AdminPrincipal;
  sdk?: SdkPrincipal | KeyUnchecked;
}
