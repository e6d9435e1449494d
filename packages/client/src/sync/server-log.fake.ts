import { type FlagDefinition, type FlagEvent, type SyncMessage } from '@flagwire/protocol/sync';

/** Flags change by the group, all members at once: so a part of a change set shows as a group that does not agree with itself. */
export const GROUPS = ['a', 'b', 'c', 'd'] as const;
export type Group = (typeof GROUPS)[number];
const MEMBERS = [0, 1, 2];

export type Edit = 'write' | 'switch' | 'delete';
export type Frame = SyncMessage & { id: string; more?: true };
type Flags = Map<string, FlagDefinition>;

interface LoggedSet {
  events: FlagEvent[];
  before: string;
  after: string;
}

/** An environment as protocol section 1 has it: a log of change sets, and the state at each of its cursors. */
export class ServerLog {
  readonly snapshots = new Map<string, Flags>();
  private log: LoggedSet[] = [];
  private versions = new Map<string, number>();
  private flags: Flags = new Map();
  private epoch = 0;
  private revision = 0;

  /** @param sees whether the client's filter lets a group through. @param floor how many change sets a cursor may be behind. */
  constructor(
    private readonly sees: (group: Group) => boolean,
    private readonly floor = 6,
  ) {
    this.remember();
  }

  get head(): string {
    return `${String(this.epoch).padStart(8, 'e')}.${this.revision}.${String(this.revision % 7).padStart(6, 'm')}`;
  }

  /** What a client that has everything shows. */
  get visible(): Flags {
    return new Map([...this.flags].filter(([id]) => this.lets(id)));
  }

  /** Commits one change set, and gives its frames as an open connection is sent them. */
  commit(groups: readonly Group[], edit: Edit): Frame[] {
    const before = this.head;
    this.revision += 1;
    const events = groups.flatMap((group) => MEMBERS.flatMap((member) => this.change(`${group}.${member}`, edit)));
    this.log.push({ events, before, after: this.head });
    this.remember();
    return this.framesOf(this.log.at(-1));
  }

  /** Puts an earlier state back, under a new epoch: versions begin again where they were. */
  restore(): void {
    const [oldest] = [...this.snapshots.values()].slice(-4);
    const ids = new Set(this.visible.keys());
    for (const id of ids) this.flags.delete(id);
    for (const [id, flag] of oldest ?? []) this.flags.set(id, flag);
    this.epoch += 1;
    this.revision = 0;
    this.log = [];
    this.versions = new Map([...this.flags].map(([id, flag]) => [id, flag.metadata.version]));
    this.remember();
  }

  /** How a connection begins that presents this cursor. */
  sync(cursor: string): Frame[] {
    const index = cursor === this.head ? this.log.length : this.log.findIndex(({ before }) => before === cursor);
    const within = index >= 0 && this.log.length - index <= this.floor;
    return within ? this.delta(cursor, this.log.slice(index)) : this.full();
  }

  full(): Frame[] {
    const flags = [...this.visible.values()].map((data): Frame => ({ type: 'FlagUpdated', data, id: 'none' }));
    return [this.started('full', 'none'), ...flags, this.complete()];
  }

  heartbeat(): Frame {
    return { type: 'Heartbeat', data: { timestamp: 1, age_ms: 5 }, id: this.head };
  }

  /** Of the delta poll after this cursor; null where it has to be a full one. */
  eventsAfter(cursor: string): Frame[] | null {
    const frames = this.sync(cursor);
    return frames[0]?.type === 'SyncStarted' && frames[0].data.mode === 'delta' ? frames.slice(1, -1) : null;
  }

  private delta(cursor: string, sets: LoggedSet[]): Frame[] {
    return [this.started('delta', cursor), ...sets.flatMap((set) => this.framesOf(set)), this.complete()];
  }

  private started(mode: 'full' | 'delta', id: string): Frame {
    return { type: 'SyncStarted', data: { mode, connection_id: 'c', protocol: 1 }, id };
  }

  private complete(): Frame {
    return { type: 'SyncComplete', data: { flag_count: this.visible.size }, id: this.head };
  }

  private framesOf(set: LoggedSet | undefined): Frame[] {
    const events = (set?.events ?? []).filter((event) => this.lets('id' in event.data ? event.data.id : event.data.flag_id));
    return events.map((event, index) =>
      index === events.length - 1 ? { ...event, id: set?.after ?? '' } : { ...event, id: set?.before ?? '', more: true },
    );
  }

  private change(id: string, edit: Edit): FlagEvent[] {
    const held = this.flags.get(id);
    if (held === undefined && edit !== 'write') return [];
    const version = (this.versions.get(id) ?? 0) + 1;
    this.versions.set(id, version);
    if (edit === 'delete') {
      this.flags.delete(id);
      return [{ type: 'FlagDeleted', data: { flag_id: id, version } }];
    }
    const updated_at = this.head;
    if (held !== undefined && edit === 'switch') {
      const status = held.status === 'enabled' ? 'disabled' : 'enabled';
      this.flags.set(id, { ...held, status, metadata: { ...held.metadata, version, updated_at } });
      return [
        { type: 'FlagStatusChanged', data: { flag_id: id, old_status: held.status, new_status: status, version, updated_at } },
      ];
    }
    const data = flagOf(id, version, updated_at);
    this.flags.set(id, data);
    return [{ type: held === undefined ? 'FlagCreated' : 'FlagUpdated', data }];
  }

  private lets(id: string): boolean {
    return this.sees(id[0] as Group);
  }

  private remember(): void {
    this.snapshots.set(this.head, this.visible);
  }
}

function flagOf(id: string, version: number, updated_at: string): FlagDefinition {
  return {
    id,
    name: id,
    description: '',
    status: 'enabled',
    value_type: 'string',
    variants: { now: updated_at },
    default_variant: 'now',
    targeting: {},
    metadata: { version, created_at: 'x', updated_at, tags: [], owner: null, critical: false },
  };
}
