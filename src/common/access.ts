import { SetMetadata } from '@nestjs/common';
import { type Role } from '@flagwire/protocol/admin';

/** Who may use a route. A route that does not say is refused. */
export type Access = OpenAccess | MetricsAccessRule | AdminAccessRule | SdkAccessRule;

/** Everybody. On a socket gateway: whoever the handshake let in. */
interface OpenAccess {
  kind: 'open';
}

/** Any admin token; everybody where the settings say so. */
interface MetricsAccessRule {
  kind: 'metrics';
}

export interface AdminAccessRule extends AdminAccessOptions {
  kind: 'admin';
  /** The least role. */
  role: Role;
}

export interface AdminAccessOptions {
  /** True: not for tokens limited to some environments. Default: true for a route that writes and has no `:env`. */
  projectWide?: boolean;
  /**
   * Of a route without `:project`: tokens limited to a project may use it, since the handler itself keeps to what the token
   * may see. Default: they may not.
   */
  keepsToScope?: boolean;
}

export interface SdkAccessRule {
  kind: 'sdk';
  /** Whether `?ticket=` is accepted. */
  tickets: boolean;
  /** A ticket that has expired is accepted as long as its key lives: an open stream outlives its ticket, and so does what belongs to it. */
  expiredTickets?: boolean;
  /** A key that cannot be checked now is no HTTP error: the handler gets `KeyUnchecked` and says Goodbye. */
  streaming?: boolean;
  /** A key in the query is refused. */
  headerOnly?: boolean;
  /** Client keys too: what is answered is evaluated, and shows no definition. */
  clients?: boolean;
  /** For stream tokens, in `?token=`, and for nothing else. */
  streamTokens?: boolean;
}

export const ACCESS = 'flagwire:access';

/** States who may use a route, or all routes of a controller. */
export const access = (rule: Access) => SetMetadata(ACCESS, rule);

/** For everybody, without a credential. */
export const Open = () => access({ kind: 'open' });

/** For any admin token; for everybody with FLAGWIRE_METRICS_OPEN. */
export const MetricsAccess = () => access({ kind: 'metrics' });
