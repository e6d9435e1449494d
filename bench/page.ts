const BEGIN = '<!-- measured -->';
const END = '<!-- /measured -->';

/** The page with other lines between its two marks. @throws Error where it has none. */
export function withMeasured(page: string, lines: readonly string[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`The page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${lines.join('\n').trim()}\n\n${page.slice(to)}`;
}
