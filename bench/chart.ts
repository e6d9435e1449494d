export interface Line {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  title: string;
  xName: string;
  yName: string;
  lines: readonly Line[];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = WIDTH - 24;
const TOP = 48;
const BOTTOM = HEIGHT - 56;
const COLOURS = ['#1f6feb', '#6e7781', '#bf8700'];

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x: number, y: number, content: string, more = '') => `<text x="${x}" y="${y}" ${more}>${escaped(content)}</text>`;

/** 1, 2 or 5 times a power of ten, a fifth of the most at least. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return ([1, 2, 5].find((times) => times * power >= most / 5) ?? 10) * power;
}

/** A line chart as SVG: y from 0 on, x by its logarithm, since sizes grow by factors. */
export function chartSvg({ title, xName, yName, lines }: Chart): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, y]) => y)));
  const [least = 1, greatest = 1] = [xs[0], xs.at(-1)];
  const step = stepOf(most);
  const ticks = Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
  const across = greatest === least ? 1 : Math.log(greatest / least);
  const px = (x: number) => Math.round(LEFT + (Math.log(x / least) / across) * (RIGHT - LEFT));
  const py = (y: number) => Math.round(BOTTOM - (y / (ticks.at(-1) ?? 1)) * (BOTTOM - TOP));
  const grid = ticks.flatMap((y) => [
    `<line x1="${LEFT}" y1="${py(y)}" x2="${RIGHT}" y2="${py(y)}" stroke="#d0d7de"/>`,
    text(LEFT - 8, py(y) + 4, String(y), 'text-anchor="end"'),
  ]);
  const marks = xs.map((x) => text(px(x), BOTTOM + 20, x.toLocaleString('en'), 'text-anchor="middle"'));
  const drawn = lines.flatMap(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '';
    const path = points.map(([x, y]) => `${px(x)},${py(y)}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="3" fill="${colour}"/>`),
      text(RIGHT, TOP - 8 - 16 * index, name, `text-anchor="end" fill="${colour}"`),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, 20, title, 'font-size="14" font-weight="bold"'),
    text(LEFT, TOP - 8, yName),
    ...grid,
    ...marks,
    text((LEFT + RIGHT) / 2, HEIGHT - 12, xName, 'text-anchor="middle"'),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
