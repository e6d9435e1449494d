import stringWidth from 'string-width';

/** A piece of text, and how it is shown where there are colours. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const GAP = '  ';

/** Text of the server as a terminal may show it: a name must not move the cursor. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
}

/** Columns as wide as their widest cell; the last one is not filled up. */
export function table(heads: readonly string[], rows: readonly (readonly (string | Cell)[])[]): string {
  const all = [heads, ...rows].map((row) => row.map((cell) => asCell(cell)));
  const widths = heads.map((_head, column) => Math.max(...all.map((row) => stringWidth(row[column]?.text ?? ''))));
  return all
    .map((row) => row.map(({ text, paint }, column) => (paint?.(text) ?? text) + fill(text, widths[column] ?? 0)))
    .map((row) => row.join(GAP).trimEnd())
    .join('\n');
}

function asCell(cell: string | Cell): Cell {
  return typeof cell === 'string' ? { text: plain(cell) } : { ...cell, text: plain(cell.text) };
}

function fill(text: string, width: number): string {
  return ' '.repeat(width - stringWidth(text));
}
