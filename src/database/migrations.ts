import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema.js';
import { AuditTrail1764100000000 } from './migrations/1764100000000-audit-trail.js';
import { ChangeTraces1764140000000 } from './migrations/1764140000000-change-traces.js';
import { Idempotency1764200000000 } from './migrations/1764200000000-idempotency.js';
import { Receipts1764300000000 } from './migrations/1764300000000-receipts.js';

/** Migrations in the order in which they run. They only ever add. */
export const MIGRATIONS = [
  InitialSchema1764000000000,
  AuditTrail1764100000000,
  ChangeTraces1764140000000,
  Idempotency1764200000000,
  Receipts1764300000000,
];
