import { parseCursor } from '../support/cursor.js';
import { type TestServer } from '../support/server.js';

export interface LogEntry {
  revision: number;
  cursor: string;
  actor: string;
  comment: string | null;
  changes: { flag: string; type: string; before: unknown; after: unknown }[];
}

/** Every page of the environment's audit trail. */
export async function wholeLog(server: TestServer, environment = 'production'): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  let after: string | null = '0';
  while (after !== null) {
    const path = `/api/projects/default/environments/${environment}/changes?limit=100&after=${after}`;
    const page: { items: LogEntry[]; next: string | null } = (
      await server.admin.call<{ items: LogEntry[]; next: string | null }>('GET', path)
    ).body;
    entries.push(...page.items);
    after = page.next;
  }
  return entries;
}

/** What is wrong with the order of these cursors: they have to be of one epoch and count up by one. */
export function gaps(cursors: readonly string[]): string[] {
  const parts = cursors.map((cursor) => parseCursor(cursor));
  return parts.flatMap((part, index) => {
    const before = parts[index - 1];
    if (index === 0 || (part?.epoch === before?.epoch && part?.revision === (before?.revision ?? 0) + 1)) return [];
    return [`${cursors[index - 1]} is followed by ${cursors[index]}`];
  });
}
