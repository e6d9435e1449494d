import { Alarm } from '../connection/alarm.js';
import { deadline } from '../connection/deadline.js';
import { initialPolicy, isConnected, type PolicyEffect, type PolicyState } from '../connection/policy-state.js';
import { type Clock } from '../platform.js';
import { type Failure, failure } from '../transport/failure.js';
import { ANSWER_MS, POLL } from '../transport/traits.js';
import { type Connection, type Traits } from '../transport/transport.js';
import { ask, type Door } from './ask.js';
import { listen } from './listen.js';
import { proceed } from './proceed.js';
import { initialSession, type Session, type SessionEffect, type SessionInput } from './session.js';
import { type Values } from './values.js';
import { type LineInput, step, WAYS } from './ways.js';

export interface LineOptions extends Door {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

export interface LineListener {
  /** After each input that changed something; `effects` in their order. */
  onSession(session: Session, effects: readonly SessionEffect[]): void;
  /** A byte came of the stream. */
  onHeard(): void;
  onFailure(failure: Failure): void;
}

/** Holds the two machines, and does what they say. It owns the one timer, the question and the stream; `close` ends them all. */
export class Line {
  #policy: PolicyState = initialPolicy;
  #session: Session;
  #question: Connection | null = null;
  #stream: Connection | null = null;
  /** By when the question, and the opening of the stream, have to be heard of. */
  readonly #due = { question: Infinity, stream: Infinity };
  #probe: Connection | null = null;
  readonly #inputs: LineInput[] = [];
  readonly #alarm: Alarm;
  readonly #options: LineOptions;
  readonly #listener: LineListener;

  constructor(options: LineOptions, context: string, listener: LineListener) {
    this.#options = options;
    this.#listener = listener;
    this.#session = initialSession(context);
    this.#alarm = new Alarm(options.clock, () => this.#ring());
  }

  get session(): Session {
    return this.#session;
  }

  /** In use, or tried next. */
  get transport(): Traits | undefined {
    return WAYS[this.#policy.current];
  }

  start(): void {
    this.#advance({ type: 'Start' });
  }

  /** Of a page: whether it is hidden. Nothing new is begun while it is. */
  hidden(hidden: boolean): void {
    this.#advance({ type: 'Hidden', hidden });
  }

  /** Of the network. */
  offline(offline: boolean): void {
    this.#advance({ type: 'Offline', offline });
  }

  /** @param kept what the cache has for it. */
  want(context: string, kept: Values | null): void {
    const wasRefused = this.#session.refused;
    this.#proceed({ type: 'Wanted', context, kept });
    if (wasRefused) this.start();
  }

  /** What was kept for a context, or brought by the application. */
  keep(context: string, values: Values): void {
    this.#proceed({ type: 'Kept', context, values });
  }

  /** For good. Leaves no timer, no socket and no listener. */
  close(): void {
    this.#advance({ type: 'Close' });
  }

  #ring(): void {
    const now = this.#options.clock.now();
    const silent = failure('silent', 'the server did not answer in time');
    if (this.#due.question <= now) this.#advance({ type: 'Unanswered', failure: silent });
    else this.#advance(this.#due.stream <= now ? { type: 'Failed', failure: silent } : { type: 'Tick' });
  }

  /** One after the other: whoever is told of an effect may close, or set another context, before the next effect is there. */
  #advance(input: LineInput): void {
    if (this.#inputs.push(input) > 1) return;
    const { clock, random } = this.#options;
    for (const next of this.#inputs) {
      const { state, effects } = step(this.#policy, next, { now: clock.now(), random: random() });
      this.#policy = state;
      for (const effect of effects) this.#perform(effect);
    }
    this.#inputs.length = 0;
    this.#wake();
  }

  #wake(): void {
    this.#alarm.set(Math.min(deadline(this.#policy, WAYS), this.#due.question, this.#due.stream));
  }

  #perform(effect: PolicyEffect): void {
    switch (effect.type) {
      case 'Connect':
        return this.#proceed({ type: 'Connected', line: WAYS[effect.index] === POLL ? 'poll' : 'stream' });
      case 'Disconnect':
        this.#endQuestion();
        this.#stream?.close();
        this.#stream = null;
        this.#due.stream = Infinity;
        return this.#proceed({ type: 'Disconnected' });
      case 'Probe':
        return this.#openProbe();
      case 'StopProbe':
        this.#probe?.close();
        this.#probe = null;
        return;
      case 'Report':
        return this.#listener.onFailure(effect.failure);
    }
  }

  #proceed(input: SessionInput): void {
    const { session, effects } = proceed(this.#session, input);
    this.#session = session;
    this.#listener.onSession(session, effects);
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: SessionEffect): void {
    switch (effect.type) {
      case 'Ask':
      case 'Listen':
        // Who was told of an effect before may have closed.
        if (!isConnected(this.#policy)) return;
        return effect.type === 'Ask' ? this.#ask(effect) : this.#listen(effect.address, effect.last_id);
      case 'Polled':
        return this.#advance({ type: 'Answered' });
      case 'Rest':
        return this.#advance({ type: 'Rest' });
      case 'Wake':
        return this.#advance({ type: 'Renewed' });
      case 'Fail':
        return this.#advance({ type: 'Failed', failure: effect.failure });
      case 'Changed':
      case 'Confirmed':
        return;
    }
  }

  #ask(question: Extract<SessionEffect, { type: 'Ask' }>): void {
    this.#endQuestion();
    const extend = (): void => void (this.#due.question = this.#soon);
    extend();
    this.#question = ask(this.#options, question, {
      onHeard: () => {
        extend();
        this.#advance({ type: 'Heard' });
      },
      onAnswer: (values) => {
        this.#endQuestion();
        this.#proceed({ type: 'Answered', ask: question.ask, values });
        this.#wake();
      },
      onFailure: (ended) => {
        this.#endQuestion();
        if (ended.code === 'context_refused') {
          this.#listener.onFailure(ended);
          this.#proceed({ type: 'Refused', ask: question.ask });
        } else this.#advance({ type: 'Unanswered', failure: ended });
      },
    });
    this.#wake();
  }

  #endQuestion(): void {
    this.#question?.close();
    this.#question = null;
    this.#due.question = Infinity;
  }

  get #soon(): number {
    return this.#options.clock.now() + ANSWER_MS;
  }

  #listen(address: string, last_id: string | null): void {
    this.#due.stream = this.#soon;
    this.#stream = listen(this.#options, address, last_id, (event) => {
      switch (event.type) {
        case 'Opened':
          this.#due.stream = Infinity;
          this.#advance(event);
          return this.#proceed(event);
        case 'Heard':
          this.#advance(event);
          // Of what this stream tells, a ping is the beat.
          this.#advance({ type: 'Message', beat: true });
          return this.#listener.onHeard();
        case 'Noticed':
          return this.#proceed(event);
        case 'Retry':
        case 'Left':
          return this.#advance(event);
        case 'Ended':
          return this.#advance({ type: 'Failed', failure: event.failure ?? failure('connection_ended', 'the stream ended') });
        case 'Other':
          return;
      }
    });
  }

  /** Whether a stream comes through by now; nothing of it is applied. */
  #openProbe(): void {
    const { shown, seen } = this.#session;
    const address = shown?.values.stream ?? null;
    if (address === null) return this.#advance({ type: 'ProbeFailed' });
    this.#probe = listen(this.#options, address, seen, ({ type }) => {
      if (type === 'Heard') this.#advance({ type: 'ProbeHeard' });
      else if (type === 'Ended') this.#advance({ type: 'ProbeFailed' });
    });
  }
}
