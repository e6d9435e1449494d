import { isDeepStrictEqual } from 'node:util';
import { flagOf, type FlagEvent } from '../../support/wire-types.js';
import { History } from './history.js';
import { type Arrival, type Diary, type Record, type Sight } from './record.js';

export const INVARIANTS = [
  'the log is dense, and is what is stored',
  'an acknowledged write is never lost',
  'no fault makes an internal error',
  'a client keeps to the protocol of one connection',
  'nothing is told that the log does not have',
  'revisions are applied in order, without repeats and gaps',
  'a change set is never seen in part',
  'nobody goes backwards',
  'all clients equal the database in time',
  'no cursor leads to silence',
  'a revoked key is cut in time',
] as const;
export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

type Say = (invariant: Invariant, what: string) => void;

/** What was not as protocol.md has it; pure, and without a word of the product's. */
export function judge(record: Record): Violation[] {
  const violations: Violation[] = [];
  const say: Say = (invariant, what) => violations.push({ invariant, what });
  const history = new History(record.logs);
  judgeLog(record, history, say);
  judgeWrites(record, history, say);
  for (const mistake of record.mistakes) say('no fault makes an internal error', mistake);
  for (const diary of record.diaries) {
    for (const breach of diary.breaches) say('a client keeps to the protocol of one connection', `${diary.name}: ${breach}`);
    judgeSights(diary, record, history, (invariant, what) => say(invariant, `${diary.name} ${what}`));
  }
  judgeTimes(record, say);
  return violations;
}

function judgeLog({ logs, stored }: Record, history: History, say: Say): void {
  const wrong = (what: string) => say('the log is dense, and is what is stored', what);
  history.faults.forEach(wrong);
  const last = logs.at(-1);
  const head = last?.rows.at(-1)?.cursor ?? last?.origin;
  if (head !== stored.cursor) wrong(`the log ends at ${head}, the head is ${stored.cursor}`);
  else if (!isDeepStrictEqual(history.flags(stored.cursor, undefined), stored.flags)) wrong('the log makes other flags');
}

/** A restore that was declared may take one back: its log was read in the same transaction. */
function judgeWrites({ writes }: Record, history: History, say: Say): void {
  for (const { cursor, comment } of writes) {
    if (cursor === undefined || !history.has(cursor)) {
      say('an acknowledged write is never lost', `the answer ${cursor ?? 'without a cursor'}, to ${comment ?? 'an edit'}`);
    } else if (comment !== null && history.comment(cursor) !== comment) {
      say('an acknowledged write is never lost', `${comment} was answered ${cursor}, which is ${history.comment(cursor)}`);
    }
  }
}

function judgeSights({ flags, sights }: Diary, { restores }: Record, history: History, say: Say): void {
  let before: string | null = null;
  for (const sight of sights) {
    const { kind, cursor, versions, at } = sight;
    if (!history.has(cursor)) {
      say('nothing is told that the log does not have', `was told of ${cursor}`);
      before = null;
      continue;
    }
    const due = history.versions(cursor, flags);
    if (versions !== undefined && versions !== due)
      say('a change set is never seen in part', `has ${versions} at ${cursor}, where it is ${due}`);
    const way = before === null ? [] : history.between(before, cursor, flags);
    if (before !== null && kind === 'set') judgeSet(before, sight, way, say);
    const mayGoBack = kind === 'full' && restores.some((begun) => begun <= at) && !isOneLine(history, before, cursor);
    if (kind === 'full' && way === null && !mayGoBack) say('nobody goes backwards', `came to ${cursor} from ${before}`);
    before = cursor;
  }
}

/** After a restore the way back leads from the lost branch to what both have in common, or to the new one. */
function isOneLine(history: History, from: string | null, to: string): boolean {
  return from === null || (history.isFinal(from) && history.isFinal(to));
}

function judgeSet(before: string, { cursor, events }: Sight, way: FlagEvent[][] | null, say: Say): void {
  if (way === null || way.length !== 1) {
    const odd = way === null ? 'does not lead there' : `is ${way.length} change sets away`;
    return say('revisions are applied in order, without repeats and gaps', `applied ${cursor} at ${before}, which ${odd}`);
  }
  const sorted = (list: readonly FlagEvent[]) =>
    [...list]
      .map(({ type, data }) => ({ type, data }))
      .sort((a, b) => (flagOf(a as FlagEvent) < flagOf(b as FlagEvent) ? -1 : 1));
  if (events !== undefined && !isDeepStrictEqual(sorted(events), sorted(way[0] ?? []))) {
    say('a change set is never seen in part', `was sent ${events.length} events of ${cursor}, which has ${way[0]?.length}`);
  }
}

function judgeTimes({ convergences, comings, cuts, limits }: Record, say: Say): void {
  const late = (arrivals: readonly Arrival[], limitMs: number) =>
    arrivals
      .filter(({ tookMs }) => tookMs === null || tookMs > limitMs)
      .map(({ name, tookMs }) => `${name} ${tookMs === null ? 'never did' : `took ${Math.round(tookMs)} ms`}`);
  for (const what of late(convergences, limits.convergenceMs)) say('all clients equal the database in time', what);
  for (const what of late(comings, limits.answerMs)) say('no cursor leads to silence', what);
  for (const { name, due, closed } of cuts) {
    if (closed !== null && closed <= due + limits.cutMs) continue;
    const when = closed === null ? 'was never closed' : `was closed ${Math.round(closed - due)} ms after it was due`;
    say('a revoked key is cut in time', `${name} ${when}`);
  }
}
