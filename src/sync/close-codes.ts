import { type EndReason } from './outlet.js';

/** What a plain WebSocket is closed with (protocol section 5); below 4000 as RFC 6455 section 7.4.1 has them. */
export const CLOSE_CODES: Record<EndReason, number> = {
  unauthenticated: 4401,
  key_revoked: 4401,
  key_expired: 4401,
  environment_deleted: 4401,
  forbidden: 4403,
  too_many_connections: 4429,
  max_age: 4000,
  stale: 4000,
  shutdown: 1012,
  overload: 1013,
  invalid: 1008,
  bad_requests: 1008,
  binary: 1003,
};
