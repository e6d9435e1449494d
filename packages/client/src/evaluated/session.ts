import { type EvaluatedFlag, type Values } from './values.js';
import { type Change } from '../sync/messages.js';
import { type Failure } from '../transport/failure.js';

/** Never changed in place. The diagram is in proceed.ts. */
export interface Session {
  /** Whom values are wanted for: the context as text, and its number; the contexts are counted. */
  readonly wanted: { readonly number: number; readonly context: string };
  /** What is shown, and of which context; null: nothing has come yet. */
  readonly shown: { readonly context: string; readonly values: Values } | null;
  /** What is shown is what the server has for the wanted context, as far as this connection knows. */
  readonly current: boolean;
  /** Of the wanted context: the server cannot read it, and is not asked again. */
  readonly refused: boolean;
  readonly line: 'none' | 'stream' | 'poll';
  readonly stream: 'none' | 'opening' | 'open';
  /** The number of the question that is under way; null: none is. Never two at once. */
  readonly asked: number | null;
  /** Questions so far. */
  readonly asks: number;
  /** The cursor of the newest notice that came while a question was under way. */
  readonly noticed: string | null;
  /** The cursor of the newest answer, of whichever context, or of the notice that the last question was asked upon. */
  readonly seen: string | null;
}

export type SessionInput =
  /** Another context; `kept`: what the cache has for it. */
  | { type: 'Wanted'; context: string; kept: Values | null }
  /** What was kept for a context, or brought by the application. */
  | { type: 'Kept'; context: string; values: Values }
  /** It is time to ask: and then to listen (`stream`), or not (`poll`). */
  | { type: 'Connected'; line: 'stream' | 'poll' }
  | { type: 'Disconnected' }
  /** The question `ask` was answered; null: nothing has changed (304). */
  | { type: 'Answered'; ask: number; values: Values | null }
  /** The context cannot be read, by the answer to `ask`. */
  | { type: 'Refused'; ask: number }
  | { type: 'Opened' }
  /** Something has changed; `etag` is the cursor of that. */
  | { type: 'Noticed'; etag: string };

export interface Question {
  readonly ask: number;
  readonly context: string;
  readonly tag: string | null;
  /** What the answer must not be behind; null: nothing is known. */
  readonly seen: string | null;
}

/** What the caller has to do, in this order. */
export type SessionEffect =
  /** Ends the question that is under way, if one is. */
  | ({ type: 'Ask' } & Question)
  | { type: 'Listen'; address: string; last_id: string | null }
  /** Tell the application. Never empty. */
  | { type: 'Changed'; changes: Change<EvaluatedFlag>[] }
  /** What is shown is what the server has. */
  | { type: 'Confirmed' }
  /** A poll is through. */
  | { type: 'Polled' }
  /** Nothing more to do until there is another context. */
  | { type: 'Rest' }
  /** There is: connect soon, where nothing is connected. */
  | { type: 'Wake' }
  /** End the connection and come back. */
  | { type: 'Fail'; failure: Failure };

export interface SessionStep {
  session: Session;
  effects: SessionEffect[];
}

export function initialSession(context: string): Session {
  return {
    ...{ wanted: { number: 1, context }, shown: null, current: false, refused: false },
    ...{ line: 'none', stream: 'none', asked: null, asks: 0, noticed: null, seen: null },
  };
}

/** Whether what is shown is of the context that is wanted, however old. */
export function isOfWanted({ shown, wanted: { context } }: Session): boolean {
  return shown?.context === context;
}
