import { parseCursor } from '@flagwire/protocol/sync';
import { changesOf, isSame } from '../sync/change-set.js';
import { failure } from '../transport/failure.js';
import { isOfWanted, type Session, type SessionEffect, type SessionInput, type SessionStep } from './session.js';
import { cursorOf, type EvaluatedFlag, type Values } from './values.js';

const NO_FLAGS: ReadonlyMap<string, EvaluatedFlag> = new Map();

/**
 * What is asked, shown and listened to. Pure: when to connect is the policy's (connection/policy.ts).
 *
 *     none ── Connected ──> asked ── Answered, stream ──> opening ── Opened ──> open ── Noticed ──> asked, open
 *      ^                      │                                                  ^                      │
 *      └──── Disconnected ────┴── Answered, poll: until the next Connected       └────── Answered ──────┘
 *
 * One question at a time. An answer counts only where it is that of the question under way: another context is another question, so
 * that an answer to an older one changes nothing. Each question names what has been seen, and the server's answer is not behind it.
 */
export function proceed(session: Session, input: SessionInput): SessionStep {
  switch (input.type) {
    case 'Wanted':
      return wanted(session, input.context, input.kept);
    case 'Kept':
      return input.context === session.wanted.context && !session.current ? show(session, input.values) : quiet(session);
    case 'Connected': {
      const current = session.current && session.line === 'poll' && input.line === 'poll';
      return ask({ ...session, line: input.line, current });
    }
    case 'Disconnected':
      return quiet({ ...session, line: 'none', stream: 'none', asked: null, current: false });
    case 'Answered':
      return input.ask === session.asked ? answered({ ...session, asked: null }, input.values) : quiet(session);
    case 'Refused':
      if (input.ask !== session.asked) return quiet(session);
      return { session: { ...session, asked: null, refused: true }, effects: [{ type: 'Rest' }] };
    case 'Opened':
      return quiet({ ...session, stream: 'open' });
    case 'Noticed':
      return noticed(session, input.etag);
  }
}

function quiet(session: Session): SessionStep {
  return { session, effects: [] };
}

/** What is held for it is shown at once; else what was shown stays, as that of another context. */
function wanted(session: Session, context: string, kept: Values | null): SessionStep {
  const next = { ...session, wanted: { number: session.wanted.number + 1, context }, current: false, refused: false };
  const shown = kept === null ? quiet(next) : show(next, kept);
  // Between two polls, or between two connections, it is the policy's to say when.
  const isConnected = session.asked !== null || session.stream !== 'none';
  const then: SessionStep = isConnected ? ask(shown.session) : { session: shown.session, effects: [{ type: 'Wake' }] };
  return { session: then.session, effects: [...shown.effects, ...then.effects] };
}

function ask(session: Session): SessionStep {
  const { wanted: want, shown, noticed: news, seen } = session;
  const number = session.asks + 1;
  const tag = isOfWanted(session) ? (shown?.values.tag ?? null) : null;
  const newest = news ?? seen;
  return {
    // A notice asks once: what is answered then is what there is.
    session: { ...session, asked: number, asks: number, noticed: null, seen: newest },
    effects: [{ type: 'Ask', ask: number, context: want.context, tag, seen: newest }],
  };
}

function answered(session: Session, values: Values | null): SessionStep {
  if (values === null && !isOfWanted(session))
    return fail(session, 'the server answers that nothing has changed, to who has nothing');
  const step = values === null ? quiet(session) : show(session, values);
  const cursor = cursorOf(step.session.shown?.values.tag ?? null);
  const isBehind = session.noticed !== null && isOlder(cursor, session.noticed);
  const next = { ...step.session, current: true, seen: cursor ?? session.seen };
  const then = isBehind && next.stream !== 'none' ? ask(next) : goOn({ ...next, noticed: null });
  return { session: then.session, effects: [...step.effects, { type: 'Confirmed' }, ...then.effects] };
}

/** After an answer. */
function goOn(session: Session): SessionStep {
  if (session.line === 'poll') return { session, effects: [{ type: 'Polled' }] };
  if (session.stream !== 'none') return quiet(session);
  const address = session.shown?.values.stream ?? null;
  // The policy polls where there is no stream.
  if (address === null) {
    return { session, effects: [{ type: 'Fail', failure: failure('not_found', 'the answer names no stream of notices') }] };
  }
  return { session: { ...session, stream: 'opening' }, effects: [{ type: 'Listen', address, last_id: session.seen }] };
}

/** Several notices while a question is under way are one more question at most. */
function noticed(session: Session, etag: string): SessionStep {
  const { shown, asked, current, stream } = session;
  const isKnown = current && shown !== null && cursorOf(shown.values.tag) === etag;
  if (stream === 'none' || isKnown) return quiet(session);
  const next = { ...session, noticed: etag };
  return asked === null ? ask(next) : quiet(next);
}

function show(session: Session, answer: Values): SessionStep {
  const held = session.shown?.values.flags ?? NO_FLAGS;
  const values = { ...answer, flags: new Map([...answer.flags].map(([id, flag]) => [id, withHeldValue(flag, held.get(id))])) };
  const changes = changesOf(held, values.flags);
  const effects: SessionEffect[] = changes.length === 0 ? [] : [{ type: 'Changed', changes }];
  return { session: { ...session, shown: { context: session.wanted.context, values } }, effects };
}

/** An object that is as it was is the same object: who compares by identity, as React does, sees no change in it. */
function withHeldValue(flag: EvaluatedFlag, held: EvaluatedFlag | undefined): EvaluatedFlag {
  const { value } = flag;
  return typeof value === 'object' && isSame(held?.value, value) ? Object.freeze({ ...flag, value: held?.value ?? value }) : flag;
}

function fail(session: Session, message: string): SessionStep {
  return { session, effects: [{ type: 'Fail', failure: failure('malformed_answer', message) }] };
}

/** Whether an answer is of before the notice. Of another history nothing can be said: it is what there is. */
function isOlder(cursor: string | null, notice: string): boolean {
  const [a, b] = [parseCursor(cursor), parseCursor(notice)];
  return a !== null && b !== null && a.epoch === b.epoch && a.revision < b.revision;
}
