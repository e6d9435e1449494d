import { type ChangeSet, type Status } from '@flagwire/client';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type FlagDefinition } from '@flagwire/protocol/sync';
import { type Output, Terminal } from '../output/terminal.js';
import { TailLines } from './tail-lines.js';

class Screen implements Output {
  text = '';
  constructor(readonly isTTY: boolean) {}
  write(text: string): void {
    this.text += text;
  }
}

const live: Status = { state: 'live', cursor: 'c', revision: 4, transport: 'sse', lag_ms: 40, for_ms: 0 };
const flag = (status: FlagDefinition['status']): FlagDefinition => ({
  ...{ id: 'welcome', name: 'welcome', description: '', status, value_type: 'boolean' },
  ...{ variants: { on: true }, default_variant: 'on', targeting: {} },
  metadata: { version: 1, created_at: '', updated_at: '', tags: [], owner: null, critical: false },
});
const changeSet = (before: FlagDefinition | null, after: FlagDefinition | null): ChangeSet => ({
  changes: [{ id: 'welcome', before, after }],
  cursor: 'c',
  revision: 5,
});

describe('what tail prints', () => {
  let stdout: Screen;
  let stderr: Screen;
  let lines: TailLines;
  const begin = (isTTY: boolean, json = false): void => {
    stdout = new Screen(isTTY);
    stderr = new Screen(isTTY);
    const client = { all: () => [flag('enabled')], status: live };
    lines = new TailLines(new Terminal(stdout, stderr, json), client, () => '2026-11-27T10:11:12.123Z');
  };
  beforeEach(() => begin(false));

  it('is a line for each flag that changed, after what it began with', () => {
    lines.onChange(changeSet(null, flag('disabled')));
    lines.onStatus(live);
    lines.onChange(changeSet(flag('disabled'), flag('enabled')));
    lines.onChange(changeSet(flag('enabled'), null));
    expect(stdout.text).toBe('10:11:12.123  5  welcome  disabled → enabled\n10:11:12.123  5  welcome  archived\n');
    expect(stderr.text).toBe('10:11:12.123  live by sse, 1 flag, revision 4, lag 0.0 s\n');
  });

  it('is a change although the environment had no flag before', () => {
    lines.onStatus(live);
    lines.onChange(changeSet(null, flag('enabled')));
    expect(stdout.text).toBe('10:11:12.123  5  welcome  created, enabled\n');
  });

  it('keeps where it stands in one line at the bottom, where somebody watches', () => {
    begin(true);
    lines.onStatus(live);
    lines.onChange(changeSet(flag('disabled'), flag('enabled')));
    const bottom = '\r\u001b[Klive by sse, 1 flag, revision 4, lag 0.0 s';
    expect(stderr.text).toBe(`${bottom}\r\u001b[K${bottom}`);
  });

  it('is a document a line for programs, with all that is known', () => {
    begin(true, true);
    lines.onStatus(live);
    lines.onChange(changeSet(flag('disabled'), flag('enabled')));
    const documents = stdout.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(documents).toEqual([
      { type: 'status', time: '2026-11-27T10:11:12.123Z', flags: 1, ...live },
      expect.objectContaining({ type: 'change', flag: 'welcome', revision: 5, cursor: 'c', after: flag('enabled') }),
    ]);
    expect(stderr.text).toBe('');
  });
});
