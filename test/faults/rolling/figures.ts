import { History } from '../cluster/history.js';
import { type Record } from '../cluster/record.js';
import { type Seen } from './rolling-restart.js';
import { StockClient } from './stock-client.js';

/** What a client saw, by times: how long nothing came while something changed all the time. */
function longestSilence({ diaries }: Record, name: string, until: number): number {
  const times = diaries.find((diary) => diary.name === name)?.sights.map(({ at }) => at) ?? [];
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  return Math.max(0, ...gaps, until - (times.at(-1) ?? until));
}

const middle = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** A delta is not longer than this; who has missed more is sent all flags (protocol section 1). */
const longestDelta = (flags: number): number => 2 * flags + 100;

/** Full syncs after the first of a client, though it had missed no more than a delta may have. A poll by its tag knows no other. */
export function needlessSyncs({ record, crowd }: Seen): string[] {
  const history = new History(record.logs);
  return crowd.named
    .filter(({ kind }) => kind !== 'SDK poll')
    .flatMap(({ client: { where, sights, modes } }) =>
      sights.flatMap(({ kind, cursor }, index) => {
        const before = sights[index - 1];
        if (kind !== 'full' || before === undefined || !modes.slice(1).includes('full')) return [];
        const missed = history.between(before.cursor, cursor, undefined)?.flat().length ?? 0;
        const isShort = missed <= longestDelta(history.flags(cursor, undefined).size);
        return isShort ? [`${where.name} was sent all flags at ${cursor}, ${missed} events after ${before.cursor}`] : [];
      }),
    );
}

/** What was seen, in lines for people. */
export function figuresOf({ record, crowd, traffic, shares, tookMs }: Seen): string[] {
  const { diaries, convergences, logs } = record;
  const received = diaries.reduce((sum, diary) => sum + diary.received, 0);
  const slowest = [...convergences].sort((a, b) => (b.tookMs ?? Infinity) - (a.tookMs ?? Infinity))[0];
  const last = Math.max(...diaries.map(({ sights }) => sights.at(-1)?.at ?? 0));
  const kinds = [...new Set(crowd.named.map(({ kind }) => kind))];
  const { writes } = record;
  const changes = writes.length;
  return [
    `${diaries.length} clients, ${changes} writes in ${seconds(tookMs)} (${((changes / tookMs) * 1000).toFixed(1)} a second), ` +
      `${logs[0]?.rows.length} revisions, ${received} messages`,
    `writes ${JSON.stringify(traffic.writer.written.outcomes)}, sent again ${JSON.stringify(traffic.admin.repeated)}, ` +
      `reads ${JSON.stringify(traffic.reads)}`,
    `connections of the nodes before each restart and at the end: ${shares.map((share) => share.join('/')).join(', ')}`,
    `slowest to equal the database: ${slowest?.name}, ${slowest?.tookMs === null ? 'never' : seconds(slowest?.tookMs ?? 0)}`,
    ...kinds.map((kind) => {
      const members = crowd.named.filter((member) => member.kind === kind).map(({ client }) => client);
      const silences = members.map(({ where }) => longestSilence(record, where.name, last));
      const syncs = members.reduce((sum, { modes }) => sum + modes.length - 1, 0);
      const full = members.reduce((sum, { modes }) => sum + modes.slice(1).filter((mode) => mode === 'full').length, 0);
      const turned = members.reduce((sum, client) => sum + (client instanceof StockClient ? client.turnedAway : 0), 0);
      return (
        `${kind}: ${members.length} clients, ${syncs} syncs after the first, ${full} of them full` +
        `${kind.startsWith('SDK') ? '' : `, ${turned} times sent away at once`}, ` +
        `longest silence ${seconds(Math.max(...silences))}, of the one in the middle ${seconds(middle(silences))}`
      );
    }),
  ];
}
