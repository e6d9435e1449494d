import { type AdminClient } from '../support/admin-client.js';
import { parseCursor, revisionOf } from '../support/cursor.js';
import { poll, type PollBody } from '../support/poll-client.js';
import { type FlagDefinition } from '../support/wire-types.js';

export type Filter = readonly string[] | undefined;
export type Flags = ReadonlyMap<string, FlagDefinition>;

interface Row {
  cursor: string;
  revision: number;
  changes: { flag: string; type: string; before: FlagDefinition | null; after: FlagDefinition | null }[];
}

export function isInFilter(flags: Filter, id: string): boolean {
  if (flags === undefined) return true;
  return flags.some((entry) => (entry.endsWith('*') ? id.startsWith(entry.slice(0, -1)) : entry === id));
}

/** Which flags, in which version: as good as the whole state where versions are checked on the way. */
export function versionsOf(flags: Flags): string {
  return [...flags.values()]
    .map(({ id, metadata }) => `${id}@${metadata.version}`)
    .sort()
    .join(' ');
}

/** An environment's log by its audit trail: what has happened, and what there was at each revision. */
export class Ledger {
  private readonly rows: Row[];
  private readonly states: Map<string, FlagDefinition>[] = [new Map<string, FlagDefinition>()];

  private constructor(rows: Row[]) {
    this.rows = rows;
    for (const { changes } of rows) {
      const state = new Map(this.states.at(-1));
      for (const { flag, after } of changes) {
        if (after === null) state.delete(flag);
        else state.set(flag, after);
      }
      this.states.push(state);
    }
  }

  /** @throws Error where its revisions are not dense from 1 on. */
  static async read(admin: AdminClient, project: string, environment: string): Promise<Ledger> {
    const rows: Row[] = [];
    for (let after: unknown = 0; after !== null && after !== undefined;) {
      const { body } = await admin.changes(environment, Number(after), { project });
      rows.push(...(body.items as unknown as Row[]));
      after = body.next;
    }
    const odd = rows.findIndex(({ revision }, index) => revision !== index + 1);
    if (odd >= 0) throw new Error(`the trail of ${environment} has ${rows[odd]?.revision} in place of ${odd + 1}`);
    return new Ledger(rows);
  }

  get length(): number {
    return this.rows.length;
  }

  get head(): string {
    return this.rows.at(-1)?.cursor ?? 'none';
  }

  /** The flags that changed with a revision. */
  changedBy(revision: number): string[] {
    return (this.rows[revision - 1]?.changes ?? []).map(({ flag }) => flag).sort();
  }

  /** The events of a revision that a filter lets through, as `type flag version`. */
  eventsOf(revision: number, flags: Filter): string[] {
    const changes = (this.rows[revision - 1]?.changes ?? []).filter(({ flag }) => isInFilter(flags, flag));
    return changes.map(({ flag, type, before, after }) => {
      return `${type} ${flag} ${after?.metadata.version ?? (before?.metadata.version ?? 0) + 1}`;
    });
  }

  /** The revisions after one, up to another, of which a filter lets something through. */
  between(after: number, until: number, flags: Filter): number[] {
    const span = this.rows.slice(after, until);
    return span.filter(({ changes }) => changes.some(({ flag }) => isInFilter(flags, flag))).map(({ revision }) => revision);
  }

  /** What a filter lets through of the flags at a revision. */
  at(revision: number, flags: Filter): Map<string, FlagDefinition> {
    return new Map([...(this.states[revision] ?? [])].filter(([id]) => isInFilter(flags, id)));
  }

  /** Whether a client's cursor is that of the row, but for the filter's part. */
  has(cursor: string): boolean {
    const parts = parseCursor(cursor);
    if (parts === null) return false;
    const { epoch, revision, mark } = parts;
    return revision === 0 || this.rows[revision - 1]?.cursor === `${epoch}.${revision}.${mark}`;
  }
}

interface FlagPage {
  items: { id: string }[];
  next: string | null;
}

/** The environment's flags as the admin API gives them, one by one. */
export async function flagsByAdmin(
  admin: AdminClient,
  project: string,
  environment: string,
): Promise<Map<string, FlagDefinition>> {
  const ids: string[] = [];
  for (let query: string | null = ''; query !== null;) {
    const path: string = `/api/projects/${project}/flags?limit=100&archived=false${query}`;
    const { items, next }: FlagPage = (await admin.call<FlagPage>('GET', path)).body;
    ids.push(...items.map(({ id }) => id));
    query = next === null ? null : `&after=${encodeURIComponent(next)}`;
  }
  const flags = new Map<string, FlagDefinition>();
  for (const id of ids) flags.set(id, (await admin.getEnv(id, environment, { project })).body);
  return flags;
}

/** The same by a poll of somebody who was never here. @throws Error where it is not of the revision. */
export async function flagsByPoll(
  url: string,
  key: string,
  flags: Filter,
  revision: number,
): Promise<Map<string, FlagDefinition>> {
  const body = (await poll({ url, key, ...(flags && { flags }) })).json() as PollBody;
  if (revisionOf(body.cursor) !== revision) throw new Error(`a poll at the end gave ${body.cursor}, not revision ${revision}`);
  return new Map(body.flags.map((flag) => [flag.id, flag]));
}
