import { describe, expect, it } from '@jest/globals';
import { wantedBy } from '../../bench/arguments.js';
import { chartSvg } from '../../bench/chart.js';
import { withMeasured } from '../../bench/page.js';
import { type Row } from '../../bench/row.js';
import { overlapping } from '../../bench/rows/busy-polls.js';
import { resultLines } from '../../bench/table.js';

const row = (name: string, goal: Row['goal']): Row => ({
  name,
  groups: [],
  unit: 'us',
  goal,
  measure: () => Promise.reject(new Error('not measured here')),
});

describe('the table', () => {
  it('has a line for each row, measured or not, and the notes below', () => {
    const summary = { product: 15.04, floor: 12.1, ratio: 1.243, range: [1.2, 1.3] as const, verdict: 'met', isOpen: false };
    const alone = { product: 1234.5, floor: null, ratio: null, range: [1200, 1300] as const, verdict: 'met', isOpen: false };
    const lines = resultLines([
      { row: row('a', { most: 1.25 }), summary, notes: ['so it was', 'and so'] },
      { row: row('b', { mostOfAll: 1500 }), summary: alone, notes: [] },
      { row: row('c', { least: 0.5 }), summary: null, notes: [] },
    ]);
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      '| measure | product | floor | ratio | range | goal | verdict |',
      expect.stringMatching(/^(\| -+ )+\|$/),
      '| a | 15 us | 12.1 us | 1.24 | 1.2 to 1.3 | <= 1.25 x | met |',
      '| b | 1235 us | | | 1200 to 1300 | <= 1500 us | met |',
      '| c | | | | | >= 0.5 x | not measured yet |',
      '',
      '- a: so it was; and so',
    ]);
  });

  it('stands between the two marks of the page', () => {
    const page = '# Page\n\n<!-- measured -->\nold\n<!-- /measured -->\n\nMore\n';
    const written = withMeasured(page, ['| new |', '']);
    expect(written).toBe('# Page\n\n<!-- measured -->\n\n| new |\n\n<!-- /measured -->\n\nMore\n');
    expect(withMeasured(written, ['| new |'])).toBe(written);
    expect(() => withMeasured('# Page\n', [])).toThrow('The page has no <!-- measured -->');
  });
});

describe('what a run is asked for', () => {
  it.each([
    [[], { groups: [], pairs: 5, isFresh: false, isTrial: false, isWrite: false }],
    [['quick'], { groups: ['quick'], pairs: 3, isFresh: false, isTrial: false, isWrite: false }],
    [['fanout', '--fresh'], { groups: ['fanout'], pairs: 5, isFresh: true, isTrial: false, isWrite: false }],
    [['--trial'], { groups: [], pairs: 1, isFresh: false, isTrial: true, isWrite: false }],
    [['--write'], { groups: [], pairs: 5, isFresh: false, isTrial: false, isWrite: true }],
  ])('by %j', (args, wanted) => expect(wantedBy(args)).toEqual(wanted));

  it('is nothing that is not known', () => expect(() => wantedBy(['--faster'])).toThrow('--faster'));
});

describe('polls during a change', () => {
  it('are those that were under way between its first delivery and its last', () => {
    const polls: [number, number][] = [
      [0, 9],
      [5, 10],
      [12, 15],
      [20, 30],
      [21, 30],
    ];
    const change = { revision: 1, due: null, count: 2, first: 10, last: 20 };
    expect(overlapping(polls, [change])).toEqual([
      [5, 10],
      [12, 15],
      [20, 30],
    ]);
  });
});

describe('a chart', () => {
  const points = [
    [100, 10],
    [1000, 20],
    [10_000, 40],
  ] as const;
  const svg = chartSvg({ title: 'A < B', xName: 'flags', yName: 'us', lines: [{ name: 'Flagwire', points }] });

  it('has y from 0 on and x by its logarithm', () => {
    const [, drawn = ''] = /<polyline points="([^"]+)"/.exec(svg) ?? [];
    expect(drawn).toBe('64,240 340,176 616,48');
  });

  it('says what it shows', () => {
    for (const text of ['A &lt; B', 'flags', 'us', 'Flagwire', '10,000', '>0<', '>40<']) expect(svg).toContain(text);
  });
});
