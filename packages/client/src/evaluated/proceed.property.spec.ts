import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { proceed } from './proceed.js';
import { initialSession, type Question, type Session, type SessionEffect, type SessionInput } from './session.js';
import { parseValues, type Values } from './values.js';

const cursorAt = (revision: number) => `epoch001.${revision}.mark0${revision % 10}`;

/** What the server has for a context at a revision: the values say both. */
function valuesOf(context: string, revision: number): Values {
  const eventStreams = [{ type: 'sse', endpoint: { requestUri: '/ofrep/v1/stream?token=t' } }];
  const flags = [{ key: 'who', value: context, reason: 'STATIC', variant: 'x' }];
  const values = parseValues(
    JSON.stringify({ flags, metadata: { revision }, eventStreams }),
    `"${cursorAt(revision)}-${context}-1"`,
  );
  if (values === null) throw new TypeError('cannot be read');
  return values;
}

const step = fc.oneof(
  fc.record({ do: fc.constant('context' as const), of: fc.constantFrom('a', 'b', 'c'), kept: fc.boolean() }),
  fc.record({ do: fc.constant('connect' as const), line: fc.constantFrom('stream' as const, 'poll' as const) }),
  fc.record({ do: fc.constantFrom('disconnect' as const, 'open' as const, 'change' as const, 'notice' as const) }),
  fc.record({ do: fc.constantFrom('answer' as const, 'late' as const, 'refuse' as const), at: fc.nat(30) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A machine and its server, of which each question gets the answer of the moment at which it was asked. */
class World {
  session: Session = initialSession('a');
  revision = 1;
  readonly answers: { question: Question; values: Values | null }[] = [];
  readonly kept = new Map<string, Values>();
  isListening = false;
  isConnected = false;
  /** What must not be. */
  readonly flaws: string[] = [];

  take(taken: Step): void {
    switch (taken.do) {
      case 'context':
        return this.tell({ type: 'Wanted', context: taken.of, kept: taken.kept ? (this.kept.get(taken.of) ?? null) : null });
      case 'connect':
        if (this.isConnected || this.session.refused) return;
        this.isConnected = true;
        return this.tell({ type: 'Connected', line: taken.line });
      case 'disconnect':
        this.isConnected = this.isListening = false;
        return this.tell({ type: 'Disconnected' });
      case 'open':
        return this.isListening ? this.tell({ type: 'Opened' }) : undefined;
      case 'change':
        this.revision += 1;
        return;
      case 'notice':
        return this.isListening ? this.tell({ type: 'Noticed', etag: cursorAt(this.revision) }) : undefined;
      case 'answer':
        return this.answer(this.answers.length - 1);
      case 'late':
        return this.answer(taken.at % Math.max(1, this.answers.length));
      case 'refuse': {
        const { question } = this.answers[taken.at % Math.max(1, this.answers.length)] ?? {};
        return question === undefined ? undefined : this.tell({ type: 'Refused', ask: question.ask });
      }
    }
  }

  answer(index: number): void {
    const { question, values } = this.answers[index] ?? {};
    if (question === undefined || values === undefined) return;
    this.tell({ type: 'Answered', ask: question.ask, values });
  }

  tell(input: SessionInput): void {
    const { session, effects } = proceed(this.session, input);
    this.session = session;
    if (effects.filter(({ type }) => type === 'Ask').length > 1) this.flaws.push('two questions at once');
    for (const effect of effects) this.do(effect);
  }

  private do(effect: SessionEffect): void {
    if (effect.type === 'Ask') {
      if (!this.isConnected) this.flaws.push('asks without a connection');
      const values = valuesOf(effect.context, this.revision);
      this.answers.push({ question: effect, values: values.tag === effect.tag ? null : values });
    }
    if (effect.type === 'Listen') {
      if (this.isListening) this.flaws.push('two streams at once');
      this.isListening = true;
    }
    if (effect.type === 'Polled' || effect.type === 'Fail' || effect.type === 'Rest') {
      this.isConnected = effect.type === 'Polled' ? false : this.isConnected;
      if (effect.type !== 'Polled') this.take({ do: 'disconnect' });
    }
    const { shown } = this.session;
    if (effect.type === 'Confirmed' && shown !== null) this.kept.set(shown.context, shown.values);
  }
}

describe('The machine behind a client of values', () => {
  it('takes no late answer for that of another context, goes back nowhere, and has the newest in the end', () => {
    let late = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const world = new World();
        const newest = new Map<string, number>();
        for (const taken of steps) {
          const before = world.session;
          world.take(taken);
          if (taken.do === 'late' && world.session === before) late += 1;
          const { shown, current, wanted } = world.session;
          if (shown === null) continue;
          expect(shown.values.flags.get('who')?.value).toBe(shown.context);
          const revision = shown.values.revision ?? 0;
          expect(revision).toBeGreaterThanOrEqual(newest.get(shown.context) ?? 0);
          newest.set(shown.context, revision);
          expect(!current || shown.context === wanted.context).toBe(true);
        }
        expect(world.flaws).toEqual([]);
        world.take({ do: 'disconnect' });
        world.take({ do: 'context', of: 'c', kept: true });
        world.take({ do: 'connect', line: 'stream' });
        world.take({ do: 'answer', at: 0 });
        world.take({ do: 'open' });
        const { shown, current, stream } = world.session;
        expect([shown?.context, shown?.values.revision, current, stream]).toEqual(['c', world.revision, true, 'open']);
      }),
      { numRuns: 1000 },
    );
    expect(late).toBeGreaterThan(300);
  });
});
