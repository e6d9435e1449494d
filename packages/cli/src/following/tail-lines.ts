import { type ChangeSet, type FlagSyncClient, type FlagwireError, type State, type Status } from '@flagwire/client';
import { changeText } from '../output/flag-text.js';
import { plain } from '../output/table.js';
import { type Colour, type Terminal } from '../output/terminal.js';

const COLOURS = {
  connecting: 'yellow',
  syncing: 'yellow',
  live: 'green',
  polling: 'green',
  stale: 'red',
  closed: 'dim',
} as const satisfies Record<State, Colour>;

/** Prints what a client tells: for people a line for each flag that changed, for programs a JSON document a line for all. */
export class TailLines {
  /** The flags that a client begins with are no news. */
  private begun = false;

  constructor(
    private readonly terminal: Terminal,
    private readonly client: Pick<FlagSyncClient, 'all' | 'status'>,
    /** RFC 3339, UTC. */
    private readonly time: () => string = () => new Date().toISOString(),
  ) {}

  onChange({ changes, cursor, revision }: ChangeSet): void {
    if (!this.begun) return;
    const time = this.time();
    for (const { id: flag, before, after } of changes) {
      const text = changeText(this.terminal, { flag, before, after });
      const head = this.terminal.paint('dim', `${clockTime(time)}  ${revision ?? '-'}`);
      this.clear();
      this.terminal.line({ type: 'change', time, revision, cursor, flag, before, after }, `${head}  ${text}`);
    }
    this.show();
  }

  onStatus(status: Status): void {
    if (status.cursor !== null && (status.state === 'live' || status.state === 'polling')) this.begun = true;
    const time = this.time();
    if (this.terminal.json) this.terminal.line({ type: 'status', time, flags: this.client.all().length, ...status }, '');
    else if (!this.terminal.isWatched) this.terminal.note(`${clockTime(time)}  ${this.statusText(status)}`);
    this.show();
  }

  onError({ code, message }: FlagwireError): void {
    const time = this.time();
    this.clear();
    if (this.terminal.json) this.terminal.line({ type: 'error', time, code, message }, '');
    else this.terminal.note(`${clockTime(time)}  ${plain(message)} (${code})`);
    this.show();
  }

  /** The line at the bottom, as it is now. */
  show(): void {
    this.terminal.transient(this.statusText(this.client.status));
  }

  private clear(): void {
    this.terminal.transient('');
  }

  private statusText({ state, transport, revision, lag_ms: lag }: Status): string {
    const parts = [
      this.terminal.paint(COLOURS[state], state) + (transport === null ? '' : ` by ${transport}`),
      counted(this.client.all().length),
      ...(revision === null ? [] : [`revision ${revision}`]),
      ...(lag === null ? [] : [`lag ${(lag / 1000).toFixed(1)} s`]),
    ];
    return parts.join(', ');
  }
}

function clockTime(time: string): string {
  return time.slice(11, 23);
}

function counted(flags: number): string {
  return flags === 1 ? '1 flag' : `${flags} flags`;
}
