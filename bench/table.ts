import { type Summary } from './pairs.js';
import { type Row } from './row.js';

export interface Result {
  row: Row;
  summary: Summary;
  notes: readonly string[];
}

const HEAD = ['measure', 'floor us', 'product us', 'of it user', 'ratio', 'range', 'goal', 'verdict'];

/** One table for all rows, in Markdown, and what there is to say below it. */
export function resultLines(results: readonly Result[], machine: string): string[] {
  const body = results.map(({ row, summary }) => cells(row, summary));
  const widths = HEAD.map((head, column) => Math.max(head.length, ...body.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const notes = results.flatMap(({ row, notes: own }) => own.map((note) => `- ${row.name}: ${note}`));
  return [machine, '', line(HEAD), rule, ...body.map(line), '', ...notes];
}

function cells({ goal, name }: Row, summary: Summary): string[] {
  const { floorUs, productUs, productUserUs, ratio, range, noVerdict } = summary;
  const isMet = 'most' in goal ? ratio <= goal.most : ratio >= goal.least;
  const wanted = 'most' in goal ? `<= ${goal.most}` : `>= ${goal.least}`;
  const [low, high] = range;
  return [
    name,
    ...[floorUs, productUs, productUserUs].map((value) => value.toFixed(1)),
    ratio.toFixed(2),
    `${low.toFixed(2)} to ${high.toFixed(2)}`,
    wanted,
    noVerdict ?? (isMet ? 'met' : 'missed'),
  ];
}
