import { parseArgs } from 'node:util';
import { campaign, summary } from './campaign.js';

const USAGE = 'npm run test:faults -- [--seed 1] [--count 25] [--file outcomes.jsonl]';

/** `--file`: where outcomes are kept; what is in it is not played again. Gives 1 where something was not as promised. */
export async function main(args: string[], print: (line: string) => void): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { seed: text, count: text, file: text, help: { type: 'boolean' } } });
  if (values.help === true) return (print(USAGE), 0);
  const [seed, count] = [Number(values.seed ?? 1), Number(values.count ?? 25)];
  const outcomes = await campaign({ seed, count, print, ...(values.file !== undefined && { file: values.file }) });
  for (const line of summary(outcomes)) print(line);
  return outcomes.every(({ violations }) => violations.length === 0) && outcomes.length === count ? 0 : 1;
}
