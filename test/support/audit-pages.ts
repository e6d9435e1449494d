import { type AuditRecord, type Page } from '@flagwire/protocol/admin';
import { type AdminClient } from './admin-client.js';

/** The audit trail after an id, page by page. @param query such as `&project=default`. */
export async function auditTrail(admin: AdminClient, after = 0, query = '', limit = 100): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (let next: string | null = String(after); next !== null;) {
    const page: Page<AuditRecord> = (
      await admin.call<Page<AuditRecord>>('GET', `/api/audit?limit=${limit}&after=${next}${query}`)
    ).body;
    records.push(...page.items);
    next = page.next;
  }
  return records;
}

/** The changes of an environment, from the first one, page by page. */
export async function changesOf(admin: AdminClient, environment: string): Promise<Record<string, unknown>[]> {
  const changes: Record<string, unknown>[] = [];
  for (let next: unknown = 0; next !== null;) {
    const { body } = await admin.changes(environment, Number(next));
    changes.push(...body.items);
    next = body.next;
  }
  return changes;
}
