import { describe, expect, it } from '@jest/globals';
import { own, usage } from '../command-error.js';
import { Progress } from './progress.js';
import { redact } from './redact.js';
import { table } from './table.js';
import { type Output, Terminal } from './terminal.js';

class Screen implements Output {
  text = '';
  constructor(
    readonly isTTY: boolean,
    private readonly colours: boolean,
  ) {}
  write(text: string): void {
    this.text += text;
  }
  hasColors(): boolean {
    return this.colours;
  }
}

describe('a table', () => {
  it('has columns as wide as a terminal shows their widest cell', () => {
    const rows = [
      ['welcome', 'on'],
      ['歓迎', 'off'],
    ];
    expect(table(['ID', 'VALUE'], rows)).toBe('ID       VALUE\nwelcome  on\n歓迎     off');
  });

  it('does not count colours, and lets no text of a server move the cursor', () => {
    const green = { text: 'enabled', paint: (text: string) => `\u001b[32m${text}\u001b[39m` };
    expect(table(['A', 'B'], [[green, 'x\u001b[2Jy\n']])).toBe('A        B\n\u001b[32menabled\u001b[39m  x [2Jy');
  });
});

describe('the terminal', () => {
  it.each([
    [true, true, '\u001b[31mno\u001b[39m'],
    [true, false, 'no'],
    [false, true, 'no'],
  ])('has colours only where stdout is one (%s) and may have them (%s)', (isTTY, colours, shown) => {
    const terminal = new Terminal(new Screen(isTTY, colours), new Screen(isTTY, colours), false);
    expect(terminal.paint('red', 'no')).toBe(shown);
  });

  it('says what is wrong, where, and what to do', () => {
    const stderr = new Screen(false, false);
    const terminal = new Terminal(new Screen(false, false), stderr, false);
    terminal.error(usage('Which environment?', 'Say it by --env.'));
    expect(stderr.text).toBe('error: Which environment?\nSay it by --env.\n');
  });

  it('lets no key through, wherever it stood', () => {
    expect(redact("unknown option '--token=abc' after fw_adm_0123456789abc")).toBe("unknown option '--token=…' after fw_adm_…");
  });
});

describe('progress', () => {
  const run = (isTTY: boolean, json = false): string => {
    const stderr = new Screen(isTTY, false);
    let now = 0;
    const progress = new Progress(new Terminal(new Screen(isTTY, false), stderr, json), () => now);
    progress.sent(512, 2048);
    progress.sent(2048, 2048);
    now = 3500;
    progress.sent(2048, 2048);
    progress.end();
    return stderr.text;
  };

  it('shows how much was sent, then how long the server is at work, and goes away', () => {
    const lines = ['sending, 25 %', 'sent; the server is at work, 0 s', 'sent; the server is at work, 3 s', ''];
    expect(run(true)).toBe(lines.map((line) => `\r\u001b[K${line}`).join(''));
  });

  it('shows nothing where nobody watches', () => {
    expect([run(false), run(true, true)]).toEqual(['', '']);
  });

  it('is taken away before an error', () => {
    const stderr = new Screen(true, false);
    new Terminal(new Screen(true, false), stderr, false).error(own('timed_out', 'Too late.', 4));
    expect(stderr.text).toBe('\r\u001b[Kerror: Too late.\n');
  });
});
