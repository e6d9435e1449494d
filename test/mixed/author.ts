import { type AdminAnswer, type AdminClient, type EnvironmentEdit } from '../support/admin-client.js';
import { revisionOf } from '../support/cursor.js';
import { type SeededRandom } from '../support/random.js';
import { type FlagStatus } from '../support/wire-types.js';
import { type Ledger } from './ledger.js';

export const FAMILIES = ['shop.', 'shop.cart.', 'pay.', 'beta-', 'x'] as const;
const STATUSES = ['enabled', 'disabled', 'deprecated'] as const;
const LARGEST_SET = 50;

/** One of those who write. It has flags of its own, so that it knows what its writes change. */
export class Author {
  writes = 0;
  private readonly live: string[] = [];
  private readonly archived: string[] = [];
  private readonly statuses = new Map<string, FlagStatus>();
  /** By environment and revision: the flags that were written. */
  private readonly written = new Map<string, string[]>();
  private made = 0;

  constructor(
    private readonly admin: AdminClient,
    private readonly place: { project: string; environments: readonly string[]; name: string },
    private readonly random: SeededRandom,
  ) {}

  /** Any of the writes that there are. */
  async write(): Promise<void> {
    this.writes += 1;
    const drawn = this.random.next();
    if (drawn < 0.3) return this.edit(1);
    if (drawn < 0.42) return this.edit(1, true);
    if (drawn < 0.7) return this.edit(this.random.chance(0.7) ? this.random.int(2, 12) : this.random.int(2, LARGEST_SET));
    if (drawn < 0.82) return this.describe();
    if (drawn < 0.89 || this.live.length < 5) return this.create();
    if (drawn < 0.95 || this.archived.length === 0) return this.archive();
    return this.restore();
  }

  /** Names of flags that will be there before the first write. */
  begin(count: number): string[] {
    const ids = Array.from({ length: count }, () => this.name());
    this.live.push(...ids);
    return ids;
  }

  /** Revisions of the trail that are not what was written, or that nobody wrote. */
  faults(environment: string, ledger: Ledger, others: readonly Author[]): string[] {
    const all = new Map([this, ...others].flatMap(({ written }) => [...written]));
    const { length } = ledger;
    return Array.from({ length }, (_, index) => index + 1).flatMap((revision) => {
      const [due, found] = [all.get(`${environment} ${revision}`)?.join(), ledger.changedBy(revision).join()];
      return due === found
        ? []
        : [`revision ${revision} of ${environment} changed ${found}, but ${due ?? 'nothing'} was written`];
    });
  }

  /** An answer to a write, and the flags that were written. */
  note({ cursors }: AdminAnswer, flags: readonly string[]): void {
    for (const [environment, cursor] of Object.entries(cursors)) {
      this.written.set(`${environment} ${revisionOf(cursor)}`, [...flags].sort());
    }
  }

  private get project(): { project: string } {
    return { project: this.place.project };
  }

  /** Toggles, and with `isWide` rules too. */
  private async edit(count: number, isWide = false): Promise<void> {
    const environment = this.random.pick(this.place.environments);
    const flags = this.random.shuffle(this.live).slice(0, count);
    const edits = flags.map((flag) => ({ flag, ...this.draw(environment, flag, isWide || this.random.chance(0.2)) }));
    const [only] = edits;
    if (count === 1 && only !== undefined) {
      const { flag, ...edit } = only;
      return this.note(await this.admin.patchEnv(flag, environment, edit, this.project), flags);
    }
    this.note(await this.admin.changeSet(environment, edits, this.project), flags);
  }

  /** A change of the flag, whatever it is now. */
  private draw(environment: string, flag: string, isWide: boolean): EnvironmentEdit {
    if (isWide) return { targeting: { if: [{ '===': [{ var: 'n' }, this.random.text(8)] }, 'on', 'off'] } };
    const place = `${environment} ${flag}`;
    const now = this.statuses.get(place) ?? 'disabled';
    const status = this.random.pick(STATUSES.filter((other) => other !== now));
    this.statuses.set(place, status);
    return { status };
  }

  /** What is project-wide is a revision in every environment. */
  private async describe(): Promise<void> {
    const flag = this.random.pick(this.live);
    const fields = this.random.chance(0.5) ? { description: this.random.text(200) } : { tags: [this.random.text(12)] };
    this.note(await this.admin.patchFlag(flag, fields, this.project), [flag]);
  }

  private name(): string {
    this.made += 1;
    return `${this.random.pick(FAMILIES)}${this.place.name}${this.made}`;
  }

  private async create(): Promise<void> {
    const id = this.name();
    this.note(await this.admin.createFlag(id, {}, this.project), [id]);
    this.live.push(id);
  }

  private async archive(): Promise<void> {
    const [flag = ''] = this.live.splice(this.random.int(0, this.live.length - 1), 1);
    this.note(await this.admin.archive(flag, this.project), [flag]);
    this.archived.push(flag);
  }

  private async restore(): Promise<void> {
    const [flag = ''] = this.archived.splice(this.random.int(0, this.archived.length - 1), 1);
    this.note(await this.admin.restore(flag, this.project), [flag]);
    this.live.push(flag);
  }
}
