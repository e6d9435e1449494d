import { goalText } from './goal.js';
import { type Summary } from './pairs.js';
import { type Row } from './row.js';

export interface Result {
  row: Row;
  /** Null: the row was not measured. */
  summary: Summary | null;
  notes: readonly string[];
}

const HEAD = ['measure', 'product', 'floor', 'ratio', 'range', 'goal', 'verdict'];

/** One table for all rows, in Markdown, and what there is to say below it. */
export function resultLines(results: readonly Result[]): string[] {
  const body = results.map(cells);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...body.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  // As prettier writes it.
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const notes = results.flatMap(({ row, notes: own }) => (own.length === 0 ? [] : [`- ${row.name}: ${own.join('; ')}`]));
  return [line(HEAD), rule, ...body.map(line), '', ...notes];
}

function cells({ row: { goal, name, unit }, summary }: Result): string[] {
  const wanted = goalText(goal, unit);
  if (summary === null) return [name, '', '', '', '', wanted, 'not measured yet'];
  const { product, floor, ratio, range, verdict } = summary;
  return [
    name,
    `${figure(product)} ${unit}`,
    floor === null ? '' : `${figure(floor)} ${unit}`,
    ratio === null ? '' : figure(ratio),
    range.map(figure).join(' to '),
    wanted,
    verdict,
  ];
}

/** Three digits that count. */
function figure(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
